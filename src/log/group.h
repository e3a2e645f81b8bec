#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/base/time.h"
#include "src/log/assignment.h"
#include "src/log/log.h"

namespace foothold::log {

// A committed position and its note.
struct CommittedPlace {
  NextOffset next;
  std::string note = {};
};

// One consumer group: who is a member, who reads what, and the committed offsets.
//
// A rebalance is cooperative and has two rounds: partitions that move are first revoked from their
// owner, and only when it has let go are they handed to the next, so that no partition ever has two
// owners. Each round is a generation; a member learns of it at its next NextChange().
//
//   partition:  free --NextChange: kAssigned--> owned --NextChange: kRevoked, AcceptRevoked()-->
//   free
//                ^                                |
//                +-- the member leaves or expires +
//
// Not thread-safe: guarded by the log that owns it.
class Group {
 public:
  struct MemberOptions {
    std::string instance_id;  // Empty: a dynamic member.
    std::vector<std::string> topics;
    milliseconds session_timeout{0};
    milliseconds max_poll_interval{0};
  };

  // How the group sees somebody who was a member.
  enum class Standing {
    kMember,
    kRemoved,   // Expired or thrown out: it may join again.
    kReplaced,  // Another member has its instance id.
  };

  explicit Group(std::string name) : name_(std::move(name)) {}

  // A member with an instance id that is taken replaces the older one and gets its partitions; the
  // others notice nothing. Any other join is a rebalance.
  MemberId Join(const MemberOptions& options, Instant now);
  // The member goes: a dynamic one leaves at once, a static one stays until its session ends.
  void Leave(MemberId member, Instant now);
  // The process of the member is gone without a word: its session runs out.
  void Vanish(MemberId member, Instant now);
  // Removes members whose session or poll interval is over.
  void ExpireMembers(Instant now);
  // Ends the session of the static member with that instance id, or of all dynamic ones if empty.
  void EndSessions(const std::string& instance_id);
  // Makes every token stale, and hands each member the partitions of the next.
  void ForceRebalance();
  // A topic exists now, with so many partitions.
  void AddTopic(const std::string& topic, std::int32_t partitions);

  // A sign of life of the member: what changes for it next, if anything does.
  // REQUIRES: StandingOf(member) is kMember.
  std::optional<AssignmentChange> NextChange(MemberId member, Instant now);
  // The member lets go of these partitions. No effect if it is a member no longer.
  void AcceptRevoked(MemberId member, const std::vector<TopicPartition>& partitions);
  Standing StandingOf(MemberId member, const std::string& instance_id) const;

  // The membership as SendOffsets() carries it. A `member` of 0 was never in the group: it is let
  // through and fences nobody, as a broker does.
  std::string TokenOf(MemberId member) const;
  // nullopt if the token is of the present generation, else what is wrong with it.
  std::optional<std::string> Refusal(MemberId member, std::int64_t generation) const;

  // An open transaction holds an offset of this partition: it is not stable.
  void HoldOffset(const TopicPartition& source) { ++held_offsets_[source]; }
  void ReleaseOffset(const TopicPartition& source);
  bool IsOffsetHeld(const TopicPartition& source) const { return held_offsets_.contains(source); }
  void CommitOffset(const TopicPartition& source, CommittedPlace place) {
    offsets_.insert_or_assign(source, std::move(place));
  }
  std::optional<CommittedPlace> Committed(const TopicPartition& source) const;

  const std::string& name() const { return name_; }
  const std::map<TopicPartition, CommittedPlace>& offsets() const { return offsets_; }

 private:
  struct Member {
    MemberOptions options;
    std::set<TopicPartition> owned{};   // Handed out and not let go of yet.
    std::set<TopicPartition> target{};  // What it will own when the rebalance is through.
    std::int64_t generation = 0;        // The last one it knows of.
    bool is_answered = false;           // It has asked what is its own.
    Instant polled_at;
    std::optional<Instant> gone_at{};
  };

  void Remove(MemberId member);
  void Rebalance();
  bool IsOwned(const TopicPartition& source) const;

  std::string name_;
  std::int64_t generation_ = 0;
  MemberId last_member_ = 0;
  std::map<MemberId, Member> members_;
  std::map<std::string, MemberId> instances_;
  std::map<std::string, std::int32_t> partition_counts_;
  std::map<TopicPartition, CommittedPlace> offsets_;
  std::map<TopicPartition, int> held_offsets_;
};

// A GroupToken taken apart.
struct Membership {
  std::string group;
  MemberId member = 0;
  std::int64_t generation = 0;
};
// REQUIRES: the token was made by Group::TokenOf().
Membership ParseToken(const GroupToken& token);

}  // namespace foothold::log
