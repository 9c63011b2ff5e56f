// Numbers that stand for shared objects: given to JavaScript instead of pointers, never reused, safe from any thread.
#ifndef POSIX_ASYNC_CORE_BASE_HANDLE_TABLE_H_
#define POSIX_ASYNC_CORE_BASE_HANDLE_TABLE_H_

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace posix_async {

template <typename T>
class HandleTable {
 public:
  // `last` is the largest number not to be given out.
  explicit HandleTable(int last = 0) : last_(last) {}

  int Add(std::shared_ptr<T> object) {
    const std::lock_guard<std::mutex> lock(mutex_);
    objects_.emplace(++last_, std::move(object));
    return last_;
  }

  void Put(int number, std::shared_ptr<T> object) {
    const std::lock_guard<std::mutex> lock(mutex_);
    objects_[number] = std::move(object);
  }

  // nullptr where there is none.
  std::shared_ptr<T> Get(int number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto at = objects_.find(number);
    return at == objects_.end() ? nullptr : at->second;
  }

  // The largest number given out so far; takes no lock.
  int last() const { return last_; }

  std::vector<std::shared_ptr<T>> All() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::shared_ptr<T>> all;
    for (const auto& entry : objects_) all.push_back(entry.second);
    return all;
  }

  // Gives up the number; the object lives on while others hold it.
  std::shared_ptr<T> Remove(int number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto at = objects_.find(number);
    if (at == objects_.end()) return nullptr;
    auto object = std::move(at->second);
    objects_.erase(at);
    return object;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int, std::shared_ptr<T>> objects_;
  int last_;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_HANDLE_TABLE_H_
