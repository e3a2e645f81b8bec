#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/config/problems.h"
#include "src/config/yaml_tree.h"

namespace foothold::config {

// The event names a playbook knows: the standard ones (PRODUCT.md section 12) with their other
// names, and what the playbook's `events:` adds. Canonical names are in the normal form of
// CanonicalEventName(): "user.signed_up" is "user.signed.up".
//
// Not thread-safe.
class EventNames {
 public:
  // Knows the standard names.
  EventNames();

  // Adds `events:`, a map of canonical name to one other name or a list of them.
  void Add(const YamlNode& events, Problems* problems);

  // The canonical name of an event the author wrote. A name nobody declared is an event of its own;
  // if it looks like a known one, the author is warned, once for each name.
  std::string Resolve(std::string_view written, Place place, Problems* problems);

  // Every place that names an event, in the order of reading: keys of `events:` and what was
  // resolved.
  struct Mention {
    std::string canonical;
    std::string written;
    Place place;
  };
  const std::vector<Mention>& mentions() const { return mentions_; }

  bool IsKnown(std::string_view canonical) const { return known_.contains(std::string(canonical)); }
  // Alias and canonical name, sorted by alias.
  std::vector<std::pair<std::string, std::string>> Aliases() const;

 private:
  void AddAlias(const std::string& canonical, std::string_view written, Place place,
                Problems* problems);

  std::map<std::string, std::string> aliases_;
  std::set<std::string> known_;  // Canonical names.
  std::set<std::string> warned_;
  std::vector<Mention> mentions_;
};

}  // namespace foothold::config
