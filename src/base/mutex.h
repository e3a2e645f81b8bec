#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// std::mutex with the annotations Clang's -Wthread-safety checks; GCC ignores them.
#if defined(__clang__)
#define FOOTHOLD_THREAD_ANNOTATION(annotation) __attribute__((annotation))
#else
#define FOOTHOLD_THREAD_ANNOTATION(annotation)
#endif

// The member is touched only while `mutex` is held.
#define GUARDED_BY(mutex) FOOTHOLD_THREAD_ANNOTATION(guarded_by(mutex))
// The function is called only while `mutex` is held.
#define REQUIRES_MUTEX(mutex) FOOTHOLD_THREAD_ANNOTATION(requires_capability(mutex))
// The function takes `mutex` itself: it is not called while it is held.
#define EXCLUDES_MUTEX(mutex) FOOTHOLD_THREAD_ANNOTATION(locks_excluded(mutex))

namespace foothold {

class FOOTHOLD_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() FOOTHOLD_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() FOOTHOLD_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class FOOTHOLD_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) FOOTHOLD_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() FOOTHOLD_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits for a change under one Mutex. It also wakes without a reason: look again.
class CondVar {
 public:
  // Lets go of `mutex` while it waits, at most for `timeout`, and holds it again on return.
  void WaitFor(Mutex& mutex, std::chrono::milliseconds timeout) REQUIRES_MUTEX(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    changed_.wait_for(lock, timeout);
    lock.release();
  }
  void NotifyAll() { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace foothold
