#include "src/stream/options.h"

#include <thread>

namespace foothold::stream {

TopicNames TopicNames::ForApp(const std::string& app) {
  TopicNames names;
  names.journal = app + "-journal";
  names.changelog = app + "-state-changelog";
  names.control = app + "-control";
  return names;
}

void Sleep(milliseconds duration) { std::this_thread::sleep_for(duration); }

}  // namespace foothold::stream
