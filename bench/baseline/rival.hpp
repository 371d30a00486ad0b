// What the rivals share: the clock, the check sum, and the conversation with the bench. Each line on stdin asks for one round; the
// answer is one line "nanoseconds operations hash". A process that waits for its line costs nothing.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

inline int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline uint32_t mixWord(uint32_t hash, uint32_t word) {
  uint32_t mixed = hash ^ (word * 0xcc9e2d51u);
  return ((mixed << 13) | (mixed >> 19)) * 5 + 0xe6546b64u;
}

inline std::vector<uint8_t> readFile(const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file) { fprintf(stderr, "cannot read %s\n", path); exit(2); }
  fseek(file, 0, SEEK_END);
  std::vector<uint8_t> bytes((size_t)ftell(file));
  fseek(file, 0, SEEK_SET);
  if (fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) exit(2);
  fclose(file);
  return bytes;
}

// round(a, b) is called for each line with its first two numbers; it prints its answer itself with answer().
inline void answer(int64_t ns, int64_t operations, uint32_t hash) {
  printf("%lld %lld %08x\n", (long long)ns, (long long)operations, hash);
  fflush(stdout);
}

template <typename Round> void serve(Round round) {
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    long long a = 0, b = 0;
    sscanf(line, "%lld %lld", &a, &b);
    round((int64_t)a, (int64_t)b);
  }
}
