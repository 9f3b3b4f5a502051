// Only carries the precompiled header that the rooms reuse.
