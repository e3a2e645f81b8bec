#include "src/app/backtest.h"
#include "src/app/command.h"
#include "src/app/demo.h"
#include "src/app/explain.h"
#include "src/app/import.h"
#include "src/app/inspect.h"
#include "src/app/playbook_command.h"
#include "src/app/replay.h"
#include "src/app/rules_command.h"
#include "src/app/run.h"
#include "src/app/serve.h"
#include "src/app/stuck.h"
#include "src/app/test_command.h"
#include "src/app/version.h"

namespace foothold::app {

std::vector<Command> Commands() {
  return {
      {.name = "run", .summary = "The service, against Kafka", .run = &RunRun},
      {.name = "demo",
       .summary = "A simulated company at work on the engine, weeks in a minute; no Kafka",
       .run = &RunDemo},
      {.name = "replay",
       .summary = "Events of files, or a journal, through the engine; one JSON line a record",
       .run = &RunReplay},
      {.name = "import",
       .summary = "History of existing customers into a running system, as backfill",
       .run = &RunImport},
      {.name = "explain",
       .summary = "Why a user or account is where it is, what is missing, what time brings",
       .run = &RunExplain},
      {.name = "stuck",
       .summary = "Who has not got past a step, since when and why: the list to call",
       .run = &RunStuck},
      {.name = "serve",
       .summary = "Accounts, people, funnels and what comes next, as a page and an HTTP API",
       .run = &RunServe},
      {.name = "validate",
       .summary = "Checks playbooks and foothold.yaml: file, line, remedy",
       .run = &RunValidate},
      {.name = "test",
       .summary = "Stories in text: events, time, and what must follow under a playbook",
       .run = &RunTest},
      {.name = "backtest",
       .summary = "What a new playbook would have done with the past, against the old one",
       .run = &RunBacktest},
      {.name = "playbook",
       .summary = "The playbook of a running system: show, history, diff, publish",
       .run = &RunPlaybook},
      {.name = "rules",
       .summary = "Its rules: list, pause, resume, kill, shadow, live, approve, reject",
       .run = &RunRules},
      {.name = "config",
       .summary = "The configuration in effect, secrets hidden",
       .run = &RunConfig},
      {.name = "version", .summary = "What this binary is and was built with", .run = &RunVersion},
  };
}

}  // namespace foothold::app
