#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "src/base/status.h"
#include "src/codec/output_reader.h"
#include "src/log/log.h"
#include "src/readmodel/read_model.h"
#include "src/stream/options.h"

namespace foothold::app {

// Output records into the read model, whatever format the topics are written in. Of statuses of one
// subject that come together only the last is taken in.
//
// Not thread-safe.
class ModelFeed {
 public:
  // The model outlives the feed.
  ModelFeed(stream::TopicNames topics, readmodel::ReadModel* model);

  // Takes them in, with the places behind them, in one transaction. Records of other topics are
  // passed over.
  Status Take(std::span<const log::RecordView> records);

  // The topics that it takes.
  std::vector<std::string> Topics() const;

 private:
  stream::TopicNames topics_;
  readmodel::ReadModel* model_;
  codec::OutputReader reader_;
};

}  // namespace foothold::app
