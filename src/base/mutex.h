#pragma once

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

namespace foothold {

class FOOTHOLD_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() FOOTHOLD_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() FOOTHOLD_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
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

}  // namespace foothold
