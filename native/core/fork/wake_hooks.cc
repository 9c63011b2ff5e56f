// Wake-ups, redirected in the tables through which each loaded object calls the C library.
//
// The fact it rests on: a call from one object into another goes through a slot of the caller's global offset table,
// which its dynamic section tells: relocations (DT_JMPREL, DT_RELA) name the slot and the symbol. The slot may lie in
// memory that was made read-only after the start (RELRO), so its page is made writable for the change. See: man 5 elf,
// man 3 dl_iterate_phdr.
#include "wake_hooks.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

std::atomic<void (*)()> before_next{nullptr};

}  // namespace

void WakeUpIsNear() {
  if (before_next.load(std::memory_order_relaxed) == nullptr) return;
  void (*before)() = before_next.exchange(nullptr);
  if (before != nullptr) before();
}

namespace {

int (*real_cond_signal)(pthread_cond_t*) = nullptr;
int (*real_cond_broadcast)(pthread_cond_t*) = nullptr;
int (*real_sem_post)(sem_t*) = nullptr;

int CondSignal(pthread_cond_t* condition) {
  WakeUpIsNear();
  return real_cond_signal(condition);
}

int CondBroadcast(pthread_cond_t* condition) {
  WakeUpIsNear();
  return real_cond_broadcast(condition);
}

int SemPost(sem_t* semaphore) {
  WakeUpIsNear();
  return real_sem_post(semaphore);
}

struct Hook {
  const char* name;
  void* replacement;
};

const Hook kHooks[] = {
    {"pthread_cond_signal", reinterpret_cast<void*>(CondSignal)},
    {"pthread_cond_broadcast", reinterpret_cast<void*>(CondBroadcast)},
    {"sem_post", reinterpret_cast<void*>(SemPost)},
};

bool FindRealOnes() {
  real_cond_signal = reinterpret_cast<decltype(real_cond_signal)>(dlsym(RTLD_DEFAULT, "pthread_cond_signal"));
  real_cond_broadcast = reinterpret_cast<decltype(real_cond_broadcast)>(dlsym(RTLD_DEFAULT, "pthread_cond_broadcast"));
  real_sem_post = reinterpret_cast<decltype(real_sem_post)>(dlsym(RTLD_DEFAULT, "sem_post"));
  return real_cond_signal != nullptr && real_cond_broadcast != nullptr && real_sem_post != nullptr;
}

// What the dynamic section of one object tells.
struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * relocations = nullptr, *jumps = nullptr;
  size_t relocations_size = 0, jumps_size = 0;
};

// glibc has made the addresses absolute in the objects it loaded, but not in the vdso, which has nothing to redirect.
Tables Read(const ElfW(Dyn) * dynamic) {
  Tables tables;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    const auto address = dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) tables.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
    if (dynamic->d_tag == DT_STRTAB) tables.names = reinterpret_cast<const char*>(address);
    if (dynamic->d_tag == DT_RELA) tables.relocations = reinterpret_cast<const ElfW(Rela)*>(address);
    if (dynamic->d_tag == DT_RELASZ) tables.relocations_size = dynamic->d_un.d_val;
    if (dynamic->d_tag == DT_JMPREL) tables.jumps = reinterpret_cast<const ElfW(Rela)*>(address);
    if (dynamic->d_tag == DT_PLTRELSZ) tables.jumps_size = dynamic->d_un.d_val;
  }
  return tables;
}

bool Redirect(void** slot, void* replacement) {
  if (*slot == replacement) return true;
  constexpr uintptr_t kPage = 4096;
  void* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(slot) & ~(kPage - 1));
  if (mprotect(page, kPage, PROT_READ | PROT_WRITE) != 0) return false;
  __atomic_store_n(slot, replacement, __ATOMIC_RELEASE);
  return true;  // the page stays writable, as in a program without RELRO
}

// How many slots were redirected, or -1.
int RedirectAll(const Tables& tables, const ElfW(Rela) * relocations, size_t size, uintptr_t base) {
  int count = 0;
  for (size_t i = 0; i < size / sizeof *relocations; i++) {
#if defined(__x86_64__)
    const auto type = ELF64_R_TYPE(relocations[i].r_info);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
#else
    const auto type = ELF64_R_TYPE(relocations[i].r_info);
    if (type != R_AARCH64_JUMP_SLOT && type != R_AARCH64_GLOB_DAT) continue;
#endif
    const char* name = tables.names + tables.symbols[ELF64_R_SYM(relocations[i].r_info)].st_name;
    for (const Hook& hook : kHooks) {
      if (strcmp(name, hook.name) != 0) continue;
      if (!Redirect(reinterpret_cast<void**>(base + relocations[i].r_offset), hook.replacement)) return -1;
      count++;
    }
  }
  return count;
}

struct Progress {
  int redirected = 0;
  bool failed = false;
  bool first = true;  // the program itself
};

bool IsOfTheSystem(const char* name) {
  return strstr(name, "/libc.so") != nullptr || strstr(name, "/ld-linux") != nullptr ||
         strstr(name, "linux-vdso") != nullptr;
}

int RedirectObject(dl_phdr_info* object, size_t, void* argument) {
  auto* progress = static_cast<Progress*>(argument);
  const bool is_program = progress->first;
  progress->first = false;
  if (!is_program && (object->dlpi_name[0] == 0 || IsOfTheSystem(object->dlpi_name))) return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_DYNAMIC) continue;
    const Tables tables = Read(reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + segment.p_vaddr));
    if (tables.symbols == nullptr || tables.names == nullptr) continue;
    const int direct = RedirectAll(tables, tables.relocations, tables.relocations_size, object->dlpi_addr);
    const int jumps = RedirectAll(tables, tables.jumps, tables.jumps_size, object->dlpi_addr);
    if (direct < 0 || jumps < 0) progress->failed = true;
    progress->redirected += direct + jumps;
  }
  return 0;
}

int CountLoads(dl_phdr_info* object, size_t, void* argument) {
  *static_cast<unsigned long long*>(argument) = object->dlpi_adds;
  return 1;
}

}  // namespace

bool HookWakeUps() {
  static const bool found = FindRealOnes();
  static unsigned long long hooked_at = 0;
  static bool hooked = false;
  unsigned long long loads = 0;
  dl_iterate_phdr(CountLoads, &loads);
  if (!found || loads == hooked_at) return hooked;
  Progress progress;
  dl_iterate_phdr(RedirectObject, &progress);
  hooked_at = loads;
  hooked = !progress.failed && progress.redirected >= 3;
  return hooked;
}

void BeforeNextWakeUp(void (*before)()) { before_next = before; }

}  // namespace posix_async::fork
