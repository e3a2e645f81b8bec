#pragma once

// A few people in one account, as events of a file: enough to explain and to be stuck.

namespace foothold::app {

inline constexpr char kSmallCompany[] =
    R"({"type":"track","event":"heartbeat","timestamp":"2025-06-01T00:00:00Z","messageId":"h1","context":{"groupId":"nobody"}}
{"type":"track","event":"Account Created","userId":"u_1","messageId":"e1","timestamp":"2026-03-02T09:00:00Z","context":{"groupId":"acme","traits":{"email":"ada@acme.example","name":"Ada Park","role":"admin"}}}
{"type":"group","userId":"u_1","groupId":"acme","messageId":"e2","timestamp":"2026-03-02T09:01:00Z","traits":{"name":"Acme Inc","plan":"business","segment":"mid_market","mrr":900,"seats":5}}
{"type":"track","event":"User Invited","userId":"u_1","messageId":"e3","timestamp":"2026-03-02T09:10:00Z","properties":{"inviteeEmail":"bo@acme.example","role":"analyst"},"context":{"groupId":"acme"}}
{"type":"track","event":"Profile Completed","userId":"u_1","messageId":"e4","timestamp":"2026-03-02T09:12:00Z","properties":{},"context":{"groupId":"acme"}}
{"type":"track","event":"Dashboard Viewed","userId":"u_3","messageId":"e5","timestamp":"2026-03-05T09:12:00Z","properties":{"dashboardId":"d1"},"context":{"groupId":"acme","traits":{"role":"viewer"}}}
)";

}  // namespace foothold::app
