package foothold.peer;

import foothold.peer.Playbook.Anchor;
import foothold.peer.Playbook.Criterion;
import foothold.peer.Playbook.First;
import foothold.peer.Playbook.Role;
import foothold.peer.Playbook.Step;
import foothold.peer.Roles.Span;
import java.util.ArrayList;
import java.util.List;

/** What is true of a user: a function of what is kept and of how far absence was judged. */
final class Truth {
  UserState state = UserState.NOT_STARTED;
  Span span; // The role held at the activation, else the current one.
  Span current;
  long activatedAt = Times.NONE;
  Anchor anchor; // Of the window; null: there is none.
  long opensAt = Times.NONE;
  long closesAt = Times.NONE;

  // The ladder of the current role; `currentStep` is from 1, 0 without steps.
  final List<Step> steps;
  final long[] stepMetAt;
  int stepsMet;
  int currentStep;
  boolean isComplete;
  long stepEnteredAt = Times.NONE;

  Truth(User user, boolean isHistoryKnown) {
    List<Span> spans = user.roles.spans();
    current = spans.get(spans.size() - 1);
    decide(user, spans, isHistoryKnown);
    Role role = Playbook.role(current.role());
    steps = role == null ? List.of() : role.steps();
    stepMetAt = new long[steps.size()];
    climb(user, role);
  }

  static long anchorAt(Anchor anchor, User user) {
    long access = user.first(First.ACCESS);
    long at =
        switch (anchor) {
          case SIGNUP -> user.first(First.SIGNUP);
          case INVITE -> user.first(First.INVITED);
          case FIRST_ACCESS -> access;
        };
    return at == Times.NONE ? access : at;
  }

  private static long metAt(Role role, User user) {
    long at = Times.NONE;
    for (Criterion criterion : role.milestone()) {
      List<Occurrence> kept = user.kept(criterion);
      if (kept.size() < criterion.need) {
        return Times.NONE;
      }
      at = Math.max(at, kept.get(criterion.need - 1).at());
    }
    return at;
  }

  private void lay(Role role, Span of, User user) {
    long at = anchorAt(role.anchor(), user);
    if (at == Times.NONE) {
      return;
    }
    anchor = role.anchor();
    opensAt = of.isTakenOver() ? Math.max(at, of.begin()) : at;
    closesAt = opensAt + role.within();
  }

  private void decide(User user, List<Span> spans, boolean isHistoryKnown) {
    for (Span each : spans) {
      Role role = Playbook.role(each.role());
      long met = role == null || !role.hasMilestone() ? Times.NONE : metAt(role, user);
      if (met == Times.NONE) {
        continue;
      }
      long at = Math.max(met, each.begin());
      if (each.end() != Times.NONE && at >= each.end()) {
        continue;
      }
      span = each;
      activatedAt = at;
      lay(role, each, user);
      state =
          anchor != null && at >= closesAt ? UserState.ACTIVATED_LATE : UserState.ACTIVATED;
      return;
    }
    span = current;
    Role role = Playbook.role(current.role());
    if (role == null || !role.hasMilestone()) {
      return;
    }
    lay(role, current, user);
    for (Criterion criterion : role.milestone()) {
      if (!user.kept(criterion).isEmpty()) {
        state = UserState.IN_PROGRESS;
      }
    }
    if (isHistoryKnown && anchor != null && closesAt <= user.judgedUntil) {
      state = UserState.WINDOW_EXPIRED;
    }
  }

  private void climb(User user, Role role) {
    if (role == null) {
      return;
    }
    long milestoneAt = activatedAt;
    if (milestoneAt == Times.NONE && role.hasMilestone()) {
      milestoneAt = metAt(role, user);
    }
    for (int i = 0; i < steps.size(); ++i) {
      stepMetAt[i] = stepAt(steps.get(i), user, milestoneAt);
      if (stepMetAt[i] != Times.NONE) {
        stepsMet |= 1 << i;
      } else if (currentStep == 0) {
        currentStep = i + 1;
      }
    }
    isComplete = !steps.isEmpty() && currentStep == 0;
    if (isComplete) {
      currentStep = steps.size();
    }
    long birth =
        Times.earlier(
            Times.earlier(anchorAt(Anchor.SIGNUP, user), anchorAt(Anchor.INVITE, user)),
            user.first(First.ACCESS));
    stepEnteredAt = current.isTakenOver() ? Math.max(current.begin(), birth) : birth;
    for (int i = 0; i + 1 < currentStep; ++i) {
      stepEnteredAt = Math.max(stepEnteredAt, stepMetAt[i]);
    }
  }

  private static long stepAt(Step step, User user, long milestoneAt) {
    if (step.isMilestone()) {
      return milestoneAt;
    }
    if (step.first() != null) {
      return user.first(step.first());
    }
    List<Occurrence> kept = user.kept(step.criterion());
    return kept.isEmpty() ? Times.NONE : kept.get(0).at();
  }

  Contribution contributionOf(User user) {
    boolean isJoined = user.isJoined || user.first(First.ACCESS) != Times.NONE;
    if (!isJoined && !user.isInvited) {
      return Contribution.NONE;
    }
    return new Contribution(
        true,
        user.isInvited,
        isJoined,
        isJoined && !steps.isEmpty(),
        state.isReached(),
        state == UserState.ACTIVATED_LATE,
        current.role(),
        stepsMet);
  }

  /** The kept occurrences that the milestone of the span rests on, earliest first. */
  List<Occurrence> evidence(User user) {
    Role role = Playbook.role(span.role());
    List<Occurrence> evidence = new ArrayList<>();
    if (role != null) {
      for (Criterion criterion : role.milestone()) {
        evidence.addAll(user.kept(criterion));
      }
      evidence.sort((a, b) -> a.isEarlierThan(b) ? -1 : b.isEarlierThan(a) ? 1 : 0);
    }
    return evidence;
  }

  /** Of all that a status says lastingly. Never 0. */
  long statusHash(User user, boolean isHistoryKnown) {
    long hash = current.role().hashCode() * 2L + (isHistoryKnown ? 1 : 0);
    hash = Hash.mix(hash, state.ordinal());
    hash = Hash.mix(hash, activatedAt);
    hash = Hash.mix(hash, opensAt);
    hash = Hash.mix(hash, closesAt);
    hash = Hash.mix(hash, currentStep);
    hash = Hash.mix(hash, stepEnteredAt);
    hash = Hash.mix(hash, user.firstSeen);
    for (long at : stepMetAt) {
      hash = Hash.mix(hash, at);
    }
    for (long at : user.firsts) {
      hash = Hash.mix(hash, at);
    }
    hash = Hash.mix(hash, firstOf(user, Criterion.INTEGRATION));
    hash = Hash.mix(hash, firstOf(user, Criterion.EXPORT));
    return hash == 0 ? 1 : hash;
  }

  static long firstOf(User user, Criterion criterion) {
    List<Occurrence> kept = user.kept(criterion);
    return kept.isEmpty() ? Times.NONE : kept.get(0).at();
  }
}
