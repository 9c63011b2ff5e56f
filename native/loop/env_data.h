// One object of each type an environment (the main thread, or a Worker): made when first asked for, destroyed with it.
// The addon's instance data is this and nothing else: a family asks for EnvData<ItsState>(env) and never sets its own.
#ifndef POSIX_ASYNC_LOOP_ENV_DATA_H_
#define POSIX_ASYNC_LOOP_ENV_DATA_H_

#include <napi.h>
#include <unistd.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace posix_async {

class EnvSlots {
 public:
  static EnvSlots& Of(napi_env env) {
    void* data = nullptr;
    napi_get_instance_data(env, &data);
    if (data == nullptr) {
      data = new EnvSlots();
      napi_set_instance_data(
          env, data, [](napi_env, void* slots, void*) { delete static_cast<EnvSlots*>(slots); }, nullptr);
    }
    return *static_cast<EnvSlots*>(data);
  }

  EnvSlots() = default;
  EnvSlots(const EnvSlots&) = delete;
  EnvSlots& operator=(const EnvSlots&) = delete;

  // Threads that use a descriptor end with the slots, and so before it is closed and its number another file's.
  ~EnvSlots() {
    slots_.clear();
    for (const int fd : owned_) close(fd);
  }

  // Closed with the environment, unless it is taken back before.
  void Own(int fd) { owned_.insert(fd); }
  void Disown(int fd) { owned_.erase(fd); }

  template <typename T>
  T& Get(napi_env env) {
    std::shared_ptr<void>& slot = slots_[&kKey<T>];
    if (!slot) slot = std::make_shared<T>(env);
    return *static_cast<T*>(slot.get());
  }

  // Null where nobody has asked for it.
  template <typename T>
  T* Find() const {
    const auto found = slots_.find(&kKey<T>);
    return found == slots_.end() ? nullptr : static_cast<T*>(found->second.get());
  }

 private:
  template <typename T>
  static inline char kKey = 0;

  std::unordered_map<const void*, std::shared_ptr<void>> slots_;
  std::unordered_set<int> owned_;
};

// The environment's T, whose constructor takes the napi_env. On the environment's own thread only.
template <typename T>
T& EnvData(napi_env env) {
  return EnvSlots::Of(env).Get<T>(env);
}

// The same, or null where there is none yet.
template <typename T>
T* FindEnvData(napi_env env) {
  return EnvSlots::Of(env).Find<T>();
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_ENV_DATA_H_
