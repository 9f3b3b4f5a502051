// thalweg train: the watched run.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/cli_torch/fail_on.h"
#include "thalweg/cli_torch/seeds.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/report/finding_panel.h"
#include "thalweg/report/live_line.h"
#include "thalweg/report/number.h"
#include "thalweg/report/summary.h"
#include "thalweg/store/json.h"
#include "thalweg/train/run_folder.h"
#include "thalweg/train/training.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

struct TrainArguments {
  std::string recipe;
  std::string out;
  std::vector<std::string> set;
  std::string resume;
  std::int64_t seeds = 1;
  std::string weights;
  std::string dump;
  std::int64_t dump_batches = 8;
  std::string fail_on;
};

std::atomic<int> signal_seen{0};

// The first signal asks for a stop at the next step boundary; the second one ends the program as it always does.
void on_signal(int number) {
  signal_seen = number;
  std::signal(number, SIG_DFL);
}

void add_options(CLI::App& app, TrainArguments& a) {
  app.add_option("recipe", a.recipe, "the recipe, a TOML file")->type_name("R.toml");
  app.add_option("--out", a.out, "run folder (default: runs/<name>-<seed>)")->type_name("DIR");
  app.add_option("--set", a.set, "override one key of the recipe, optimizer.lr=0.01; may be given again")
      ->type_name("key=value")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--resume", a.resume, "go on with a run from its last checkpoint")->type_name("RUN");
  app.add_option("--seeds", a.seeds, "train so many seeds, seed, seed+1, …; report mean and interval")
      ->check(CLI::Range(1, 1000));
  app.add_option("--weights", a.weights, "start from the weights of a safetensors file")->type_name("FILE");
  app.add_option("--dump", a.dump, "write the initial weights and the first batches there, as safetensors")
      ->type_name("DIR");
  app.add_option("--dump-batches", a.dump_batches, "how many batches --dump writes")->check(CLI::Range(1, 100000));
  add_fail_on(app, a.fail_on);
}

// runs/<name>-<seed>, or, where that is taken, the first free runs/<name>-<seed>.2, .3, …
fs::path free_folder(const recipe::Recipe& recipe) {
  const std::string base = fmt::format("runs/{}-{}", recipe.name, recipe.seed);
  fs::path folder = base;
  for (int k = 2; fs::exists(folder); ++k) folder = fmt::format("{}.{}", base, k);
  return folder;
}

// Of the k-th of the seeds.
fs::path folder_of(const TrainArguments& a, const recipe::Recipe& recipe, std::int64_t k) {
  recipe::Recipe one = recipe;
  one.seed += static_cast<std::uint64_t>(k);
  if (a.out.empty()) return free_folder(one);
  return a.seeds > 1 ? fs::path(fmt::format("{}-{}", a.out, one.seed)) : fs::path(a.out);
}

class Teller {
 public:
  Teller(Progress& progress, bool quiet) : progress_(progress), quiet_(quiet) {}

  TrainingEvents events() {
    TrainingEvents e;
    e.started = [this](const RunHeader& header, const Network& network) { started(header, network); };
    e.step = [this](const TrainingEvents::StepDone& done, const History& history) { step(done, history); };
    e.evaluated = [this](const Evaluation& evaluation) { last_ = evaluation; };
    e.acted = [this](const Action& action) { progress_.note(report::action_line(action)); };
    e.note = [this](const std::string& text) { progress_.warn(text); };
    return e;
  }

 private:
  void started(const RunHeader& header, const Network& network) {
    if (quiet_) return;
    progress_.note(summary_table(network));
    progress_.note(fmt::format(
        "{} parameters, {} steps an epoch{}, {} rows to judge on, {} thread{}", report::count(header.parameters),
        report::count(header.steps_per_epoch),
        header.planned_steps > 0 ? fmt::format(", {} steps planned", report::count(header.planned_steps)) : "",
        report::count(header.heldout_rows), header.threads, header.threads == 1 ? "" : "s"));
  }

  void step(const TrainingEvents::StepDone& done, const History& history) {
    smooth_ = std::isfinite(smooth_) ? smooth_ + 0.05 * (done.loss - smooth_) : done.loss;
    if (!progress_.due()) return;
    report::LiveState state{.step = done.step,
                            .planned = done.planned,
                            .epoch = done.epoch,
                            .loss = smooth_,
                            .loss_known = true,
                            .learning_rate = done.learning_rate};
    if (!last_.metrics.empty()) {
      state.metric_name = last_.metrics.front().name;
      state.metric = last_.metrics.front().interval.value;
    }
    const auto rho = history.series(Quantity::overshoot_secant);
    if (!rho.empty()) state.rho = rho.back().value;
    if (done.planned > 0) {
      const double left = static_cast<double>(done.planned - done.step) / static_cast<double>(done.step);
      state.seconds_left = done.seconds * left;
    }
    progress_.show(report::live_line(state, progress_.width()));
  }

  Progress& progress_;
  bool quiet_;
  Evaluation last_;
  double smooth_ = std::nan("");
};

// Commands worth typing after this run.
std::vector<std::string> next_commands(const RunResult& result) {
  std::vector<std::string> next;
  for (const Finding& finding : result.judgement.findings) {
    next.push_back(fmt::format("thalweg explain {}", finding.code));
    if (next.size() == 2) break;
  }
  next.push_back(fmt::format("thalweg survey {}", result.run));
  next.push_back(fmt::format("thalweg compare {}", result.run));
  if (result.stop_reason == "signal") next.insert(next.begin(), fmt::format("thalweg train --resume {}", result.run));
  return next;
}

TrainingOutcome train_one(const recipe::Recipe& recipe, TrainingOptions options, Progress& progress, bool quiet) {
  Teller teller(progress, quiet);
  options.events = teller.events();
  options.signal = &signal_seen;
  TrainingOutcome outcome = thalweg::train(recipe, options);
  progress.clear();
  outcome.result.next = next_commands(outcome.result);
  return outcome;
}

recipe::Recipe read_recipe(const TrainArguments& a) {
  if (!a.resume.empty()) {
    if (a.seeds > 1 || !a.out.empty() || !a.weights.empty()) {
      throw UsageError("--resume goes on with one run as it is: leave --seeds, --out and --weights out");
    }
    if (!a.recipe.empty())
      throw UsageError("--resume takes the run's own recipe.toml; leave the recipe out, or change keys with --set");
    return recipe_of_run(a.resume, a.set);
  }
  if (a.recipe.empty()) throw UsageError("no recipe given; try: thalweg train examples/fashion_mlp.toml");
  return recipe::parse_file(a.recipe, a.set);
}

}  // namespace

int train(int argc, char** argv) {
  Arguments arguments("train");
  TrainArguments a;
  add_options(arguments.app, a);
  if (!arguments.parse(argc, argv)) return kDone;
  const recipe::Recipe recipe = read_recipe(a);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  TrainingOptions options{
      .resume = !a.resume.empty(), .initial_weights = a.weights, .dump = a.dump, .dump_batches = a.dump_batches};
  Progress progress(arguments.common.quiet);

  for (std::int64_t k = 0; k < a.seeds && a.seeds > 1 && !a.out.empty(); ++k) refuse_taken(folder_of(a, recipe, k));
  std::vector<TrainingOutcome> outcomes;
  for (std::int64_t k = 0; k < a.seeds && signal_seen == 0; ++k) {
    recipe::Recipe one = recipe;
    one.seed += static_cast<std::uint64_t>(k);
    options.out = options.resume ? fs::path(a.resume) : folder_of(a, recipe, k);
    outcomes.push_back(train_one(one, options, progress, arguments.common.quiet));
    const TrainingOutcome& outcome = outcomes.back();
    if (!arguments.common.json) {
      const report::Look look = stdout_look();
      print(report::run_summary({outcome.header, outcome.result, report::summary_curves(outcome.history)}, look));
    }
  }
  if (a.seeds > 1) {
    print(arguments.common.json ? seeds_json(outcomes) : seeds_text(outcomes));
  } else if (arguments.common.json) {
    print(to_json(outcomes.front().result) + "\n");
  }
  finish_stdout();
  for (const TrainingOutcome& outcome : outcomes) {
    if (!outcome.checkpoint_error.empty()) throw IoError(outcome.checkpoint_error);
  }
  for (const TrainingOutcome& outcome : outcomes) {
    if (fails(a.fail_on, outcome.result.judgement.findings)) return kFindings;
  }
  return kDone;
}

}  // namespace thalweg::cli
