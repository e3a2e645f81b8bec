#pragma once

#include "src/base/status.h"
#include "src/journey/playbook.h"

namespace foothold::v1 {
class Playbook;  // Of proto/playbook.proto.
}

namespace foothold::codec {

// Replaces `*message`.
void ToMessage(const journey::Playbook& playbook, v1::Playbook* message);

// kCorrupt if the message is not a playbook that journey::Validate() accepts.
Result<journey::Playbook> FromMessage(const v1::Playbook& message);

}  // namespace foothold::codec
