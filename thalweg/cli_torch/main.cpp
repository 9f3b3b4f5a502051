// thalweg-torch: the commands that need LibTorch. `thalweg` hands them on to it.
#include <malloc.h>

#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"

int main(int argc, char** argv) {
  // Freed memory stays in the heap: a training step frees and takes the same tensors again, and giving them back to the
  // system in between costs a conv net a quarter of its time (page faults).
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
  using namespace thalweg::cli;
  constexpr Handler kHandlers[] = {
      {"train", train}, {"check", check}, {"survey", survey_command}, {"fold", fold}, {"connect", connect_command}};
  return run_program(argc, argv, kHandlers);
}
