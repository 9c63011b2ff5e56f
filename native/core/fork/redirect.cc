// Calls, redirected in the tables through which each loaded object calls the C library.
//
// The fact it rests on: a call from one object into another goes through a slot of the caller's global offset table,
// which its dynamic section tells: relocations (DT_JMPREL, DT_RELA) name the slot and the symbol. The slot may lie in
// memory that was made read-only after the start (RELRO): its page is made writable for the change, and read-only again
// behind it. That it was read-only is asked of the kernel, which refuses to read into it (EFAULT): an object that is
// being loaded at this moment is not protected yet, and its loader still writes there. See: man 5 elf, man 3
// dl_iterate_phdr, man 2 mprotect.
#include "redirect.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace posix_async::fork {
namespace {

struct Wanted {
  const Redirection* first;
  size_t count;
};

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

// Puts `value` into `slot` by way of the kernel. 0, or -errno: -EFAULT where the memory is read-only.
int StoreByKernel(void** slot, void* value) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  const bool stored = write(ends[1], &value, sizeof value) == static_cast<ssize_t>(sizeof value) &&
                      read(ends[0], slot, sizeof value) == static_cast<ssize_t>(sizeof value);
  const int error = stored ? 0 : -errno;
  close(ends[0]);
  close(ends[1]);
  return error;
}

bool RedirectSlot(void** slot, void* replacement) {
  if (*slot == replacement) return true;
  const int error = StoreByKernel(slot, replacement);
  if (error != -EFAULT) return error == 0;
  static const auto page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  void* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(slot) & ~(page_size - 1));
  if (mprotect(page, page_size, PROT_READ | PROT_WRITE) != 0) return false;
  __atomic_store_n(slot, replacement, __ATOMIC_RELEASE);
  return mprotect(page, page_size, PROT_READ) == 0;
}

// How many slots were redirected, or -1.
int RedirectAll(const Wanted& wanted, const Tables& tables, const ElfW(Rela) * relocations, size_t size,
                uintptr_t base) {
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
    for (size_t k = 0; k < wanted.count; k++) {
      if (strcmp(name, wanted.first[k].name) != 0) continue;
      auto** slot = reinterpret_cast<void**>(base + relocations[i].r_offset);
      if (!RedirectSlot(slot, wanted.first[k].replacement)) return -1;
      count++;
    }
  }
  return count;
}

struct Progress {
  Wanted wanted;
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
    const int direct =
        RedirectAll(progress->wanted, tables, tables.relocations, tables.relocations_size, object->dlpi_addr);
    const int jumps = RedirectAll(progress->wanted, tables, tables.jumps, tables.jumps_size, object->dlpi_addr);
    if (direct < 0 || jumps < 0) progress->failed = true;
    progress->redirected += direct + jumps;
  }
  return 0;
}

}  // namespace

int RedirectCalls(const Redirection* first, size_t count) {
  Progress progress{{first, count}};
  dl_iterate_phdr(RedirectObject, &progress);
  return progress.failed ? -1 : progress.redirected;
}

int KeepRedirected(const Redirection* first, size_t count, Redirected* redirected) {
  const auto count_loads = [](dl_phdr_info* object, size_t, void* argument) {
    *static_cast<unsigned long long*>(argument) = object->dlpi_adds;
    return 1;
  };
  unsigned long long loads = 0;
  dl_iterate_phdr(count_loads, &loads);
  if (loads != redirected->loads) *redirected = {loads, RedirectCalls(first, count)};
  return redirected->count;
}

void* FunctionOfTheSystem(const char* name) {
  static void* const library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  return library == nullptr ? nullptr : dlsym(library, name);
}

}  // namespace posix_async::fork
