#include "thalweg/observe/propagation/passing_signal.h"

namespace thalweg {

void PassingSignal::after_backward(const Step& step, ReadingSink& out) {
  if (!step.through || !step.scope_of || !step.finite) return;
  const Signal signal = measure_signal(step.through, options_);
  for (const Reading& reading : signal_readings(signal, step.index, step.scope_of)) out.put(reading);
}

}  // namespace thalweg
