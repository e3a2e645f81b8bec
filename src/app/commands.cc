#include "src/app/backtest.h"
#include "src/app/command.h"
#include "src/app/completion.h"
#include "src/app/demo.h"
#include "src/app/dlq.h"
#include "src/app/erase.h"
#include "src/app/explain.h"
#include "src/app/import.h"
#include "src/app/inspect.h"
#include "src/app/offsets.h"
#include "src/app/playbook_command.h"
#include "src/app/replay.h"
#include "src/app/rules_command.h"
#include "src/app/run.h"
#include "src/app/serve.h"
#include "src/app/state_command.h"
#include "src/app/stuck.h"
#include "src/app/tap.h"
#include "src/app/test_command.h"
#include "src/app/top.h"
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
      {.name = "state",
       .summary = "What a system knows: get, scan, export, verify",
       .run = &RunState},
      {.name = "tap", .summary = "What a system decides, as it decides it", .run = &RunTap},
      {.name = "top",
       .summary = "Workers, partitions, lag and clock of instances, again and again",
       .run = &RunTop},
      {.name = "offsets",
       .summary = "How far each stage has read: show; reset of intake",
       .run = &RunOffsets},
      {.name = "dlq",
       .summary = "What could not be used: list, show, requeue to its source",
       .run = &RunDlq},
      {.name = "erase",
       .summary = "Forgets a person of an account, everywhere but where only time removes",
       .run = &RunErase},
      {.name = "config",
       .summary = "The configuration in effect, secrets hidden",
       .run = &RunConfig},
      {.name = "completion",
       .summary = "Commands, verbs and options for bash, zsh, fish",
       .run = &RunCompletion},
      {.name = "version", .summary = "What this binary is and was built with", .run = &RunVersion},
  };
}

}  // namespace foothold::app
