#include "src/stream/options.h"

namespace foothold::stream {

TopicNames TopicNames::ForApp(const std::string& app) {
  TopicNames names;
  names.journal = app + "-journal";
  names.changelog = app + "-state-changelog";
  names.control = app + "-control";
  return names;
}

}  // namespace foothold::stream
