// Single producer, single consumer ring of 64-byte records: acquire and release cursors on lines of their own, each side with a
// cached copy of the other's. Each line on stdin: records, batch. The same work as bench/ring.ts.
#include "rival.hpp"
#include <atomic>
#include <thread>

struct Record { uint32_t word, instrument; double sequence, tsEvent, tsRecv, price, qty; uint32_t low, high, action, count; };
static_assert(sizeof(Record) == 64, "a record is a cache line");
constexpr uint32_t CAPACITY = 1 << 14;
constexpr uint32_t MASK = CAPACITY - 1;
constexpr uint32_t RELEASE_EVERY = 256;

struct Ring {
  alignas(128) std::atomic<uint32_t> published{0};
  alignas(128) std::atomic<uint32_t> released{0};
  alignas(128) Record slots[CAPACITY];
};
static Ring ring;

static void produce(uint32_t records, uint32_t batch) {
  uint32_t next = ring.published.load(std::memory_order_relaxed);
  uint32_t releasedSeen = ring.released.load(std::memory_order_acquire);
  for (uint32_t done = 0; done < records;) {
    uint32_t end = done + batch < records ? done + batch : records;
    for (; done < end; done++, next++) {
      while (next - releasedSeen >= CAPACITY) {
        ring.published.store(next, std::memory_order_release);
        releasedSeen = ring.released.load(std::memory_order_acquire);
      }
      Record& record = ring.slots[next & MASK];
      record.word = 0x803;
      record.instrument = done & 255;
      record.sequence = done;
      record.tsEvent = (double)done + 1;
      record.tsRecv = (double)done + 2;
      record.price = done & 4095;
      record.qty = done & 127;
      record.low = done;
      record.high = 0;
      record.action = 1;
      record.count = 0;
    }
    ring.published.store(next, std::memory_order_release);
  }
}

static double consume(uint32_t records) {
  uint32_t read = ring.released.load(std::memory_order_relaxed);
  uint32_t publishedSeen = read;
  double sum = 0;
  for (uint32_t done = 0; done < records;) {
    while (publishedSeen == read) publishedSeen = ring.published.load(std::memory_order_acquire);
    uint32_t count = publishedSeen - read;
    if (count > RELEASE_EVERY) count = RELEASE_EVERY;
    for (uint32_t i = 0; i < count; i++) {
      const Record& record = ring.slots[(read + i) & MASK];
      sum += record.sequence + record.price + record.qty + record.instrument;
    }
    read += count;
    done += count;
    ring.released.store(read, std::memory_order_release);
  }
  return sum;
}

int main() {
  serve([](int64_t records, int64_t batch) {
    std::atomic<bool> ready{false};
    std::atomic<bool> go{false};
    double sum = 0;
    std::thread consumer([&] {
      ready.store(true);
      while (!go.load()) {}
      sum = consume((uint32_t)records);
    });
    while (!ready.load()) {}
    int64_t start = nowNs();
    go.store(true);
    produce((uint32_t)records, (uint32_t)batch);
    consumer.join();
    int64_t ns = nowNs() - start;
    uint64_t whole = (uint64_t)sum;
    answer(ns, records, mixWord(mixWord(0, (uint32_t)whole), (uint32_t)(whole >> 32)));
  });
}
