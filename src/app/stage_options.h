#pragma once

// What the configuration means for the parts of src/stream.

#include <string_view>

#include "src/config/config.h"
#include "src/stream/control_writer.h"
#include "src/stream/options.h"
#include "src/stream/store_shelf.h"
#include "src/stream/topics.h"
#include "src/stream/transaction.h"

namespace foothold::app {

stream::TopicNames TopicNamesOf(const config::Config& config);
stream::StartAt StartOf(const config::Source& source);
stream::RetryPolicy RetryOf(const config::Config& config);
stream::TopicOptions TopicOptionsOf(const config::Config& config, const stream::TopicNames& topics);
stream::ControlWriter::Options ControlOptionsOf(const config::Config& config,
                                                const stream::TopicNames& topics);
// REQUIRES: every source's mapping can be made; config::ReadConfig() checked it.
stream::IntakeOptions IntakeOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics);
stream::PeopleOptions PeopleOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics);
stream::JourneyOptions JourneyOptionsOf(const config::Config& config,
                                        const stream::TopicNames& topics);
stream::FolderShelf::Options ShelfOptionsOf(const config::Config& config, bool is_in_memory);
// The people stage's stores beside those of `journey`, in the same memory.
stream::FolderShelf::Options PeopleShelfOptionsOf(const stream::FolderShelf::Options& journey);
// `stage`: "intake", "people" or "journey". Group, instance and transactional id are those of
// "<app>-<stage>-<instance>-<worker>", stable for the slot.
stream::WorkerOptions WorkerOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics, std::string_view stage,
                                      int worker);

}  // namespace foothold::app
