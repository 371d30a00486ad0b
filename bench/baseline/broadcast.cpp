// One producer that never waits and three readers that may be lapped: announce (intent), write, publish (tail); a reader copies and looks
// at intent after the copy. The words of a slot are relaxed atomics, as Boehm 2012 asks. Each line on stdin: records, batch. As
// bench/broadcast.ts, with the same checks of every record.
#include "rival.hpp"
#include <atomic>
#include <thread>

constexpr uint64_t CAPACITY = 1 << 14;
constexpr uint64_t MASK = CAPACITY - 1;
constexpr uint64_t ANNOUNCE = 16;
constexpr int CONSUMERS = 3;
constexpr int WORDS = 8;

struct alignas(64) Slot { std::atomic<uint64_t> words[WORDS]; };
static_assert(sizeof(Slot) == 64, "a record is a cache line");

struct Ring {
  alignas(128) std::atomic<uint64_t> tail{0};
  alignas(128) std::atomic<uint64_t> intent{0};
  alignas(128) Slot slots[CAPACITY];
};
static Ring ring;

static uint64_t bits(double value) {
  uint64_t word;
  memcpy(&word, &value, 8);
  return word;
}

static double value(uint64_t word) {
  double number;
  memcpy(&number, &word, 8);
  return number;
}

static void produce(uint64_t from, uint64_t records, uint64_t batch) {
  uint64_t announced = ring.intent.load(std::memory_order_relaxed);
  for (uint64_t n = from; n < from + records; n++) {
    if (n >= announced) {
      announced = n + ANNOUNCE;
      ring.intent.store(announced, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_release);
    }
    Slot& slot = ring.slots[n & MASK];
    auto put = [&](int i, uint64_t word) { slot.words[i].store(word, std::memory_order_relaxed); };
    put(0, 0x802 | (n & 255) << 32);
    put(1, bits((double)n));
    put(2, bits((double)n + 1));
    put(3, bits((double)n + 2));
    put(4, bits((double)(n % 4096)));
    put(5, bits((double)(n % 128)));
    put(6, n & 0xffffffff);
    put(7, 1);
    if (n % batch == batch - 1) ring.tail.store(n + 1, std::memory_order_release);
  }
  ring.tail.store(from + records, std::memory_order_release);
}

struct Counts { uint64_t consumed = 0, lost = 0, wrong = 0; };

static uint64_t oldest(uint64_t tail, uint64_t intent) {
  if (intent < CAPACITY) return 0;
  return intent - CAPACITY > tail ? tail : intent - CAPACITY;
}

static Counts consume(uint64_t from, uint64_t end) {
  Counts counts;
  uint64_t cursor = from, tail = from, intent = 0;
  uint64_t copy[WORDS];
  while (cursor < end) {
    if (cursor >= tail) {
      tail = ring.tail.load(std::memory_order_acquire);
      if (cursor >= tail) continue;
    }
    Slot& slot = ring.slots[cursor & MASK];
    for (int i = 0; i < WORDS; i++) copy[i] = slot.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    intent = ring.intent.load(std::memory_order_relaxed);
    if (cursor + CAPACITY < intent) {
      tail = ring.tail.load(std::memory_order_acquire);
      intent = ring.intent.load(std::memory_order_acquire);
      uint64_t to = oldest(tail, intent);
      counts.lost += to - cursor;
      cursor = to;
      continue;
    }
    if (value(copy[1]) != (double)cursor || value(copy[4]) != (double)(cursor % 4096) || value(copy[5]) != (double)(cursor % 128)) counts.wrong++;
    counts.consumed++;
    cursor++;
  }
  return counts;
}

int main() {
  serve([](int64_t records, int64_t batch) {
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    uint64_t from = ring.tail.load();
    Counts counts[CONSUMERS];
    std::vector<std::thread> consumers;
    for (int i = 0; i < CONSUMERS; i++) {
      consumers.emplace_back([&, i] {
        ready.fetch_add(1);
        while (!go.load()) {}
        counts[i] = consume(from, from + (uint64_t)records);
      });
    }
    while (ready.load() < CONSUMERS) {}
    int64_t start = nowNs();
    go.store(true);
    produce(from, (uint64_t)records, (uint64_t)batch);
    int64_t ns = nowNs() - start;
    for (auto& consumer : consumers) consumer.join();
    uint32_t hash = mixWord(0, (uint32_t)records);
    for (const Counts& each : counts) hash = mixWord(mixWord(hash, (uint32_t)(each.consumed + each.lost)), (uint32_t)each.wrong);
    answer(ns, records, hash);
  });
}
