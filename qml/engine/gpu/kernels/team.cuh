// One team at work on one sample or tile: its share of shared memory, the exchange between passes, sign patterns.
#pragma once
#include "rotations.cuh"

constexpr int SHIFT4 = sizeof(Real) == 4 ? 4 : 5, SHIFT2 = SHIFT4 - 1;   // log2 bytes of V4 and V2
// Per-team numbers: vectors of the prefix (4 a wire), its gradients by warp (3), sums over outer wires.
__host__ __device__ constexpr int small_words(int n) { return 4 * n + 3 * n * WARPS + 2 * (MAX_OUTER + 1) * (LARGE ? 1 : 0); }
__host__ __device__ constexpr long long arena_words(int n_local, int n_prefix, int n_slots) {
  return (long long)TEAMS * (2 * n_local + WARPS * n_local + n_prefix) + (long long)n_slots * BLOCK_WARPS;
}

// Addresses are worked out where they are used, because a pass has no register left to keep them in.
struct Team {
  const Call& q;
  unsigned char* smem; Real* arena;
  const int tid, t;                // thread of the block, and of the team
  unsigned tile, o;                // number of the tile, and its index bits outside the tile

  DEVICE Team(const Call& call, unsigned char* memory, Real* arena_global)
      : q(call), smem(memory), arena(call.arena_shared ? (Real*)memory + small_from() + TEAMS * small_stride() : arena_global),
        tid(threadIdx.x), t(threadIdx.x & (TEAM - 1)), tile(0), o(0) {}
  DEVICE int team() const { return tid >> LT; }
  DEVICE int lane() const { return tid & 31; }
  DEVICE int warp() const { return BLOCK > 32 ? tid >> 5 : 0; }
  DEVICE int part() const { return WARPS > 1 ? tid >> 5 : 0; }       // warp of the team
  // ---- shared memory: exchange, scratch, vectors and sums of wires (a team), then the arena where it fits
  DEVICE static constexpr int small_from() { return 4 * TEAMS * STRIDE + A * BLOCK; }
  DEVICE int small_stride() const { return (small_words(q.n) + 1) & ~1; }
  DEVICE unsigned char* exchange() const { return LT < 4 ? smem + team() * STRIDE * (int)sizeof(V4) : smem; }
  DEVICE unsigned to4() const { return LT < 4 ? 0 : team() * STRIDE; }   // a multiple of a power of two: XORed in
  DEVICE unsigned to2() const { return 2 * to4(); }
  DEVICE Real* scratch() const { return (Real*)smem + 4 * TEAMS * STRIDE; }
  DEVICE V2* outside() const { return (V2*)((Real*)smem + small_from()); }
  DEVICE Real* vectors() const { return (Real*)smem + small_from() + (LARGE ? 2 * (MAX_OUTER + 1) : 0) + team() * small_stride(); }
  DEVICE Real* wire_sums() const { return vectors() + 4 * q.n; }
  // ---- arena: cosines and sines, slopes of row turns, slopes of prefix turns (a team each), slopes of shared turns
  DEVICE V2& local(int l) const { return ((V2*)arena)[team() * q.n_local + l]; }
  DEVICE Real* local_sums() const { return arena + 2 * TEAMS * q.n_local + team() * q.n_local * WARPS; }
  DEVICE Real* prefix_sums(int of) const { return arena + (2 + WARPS) * TEAMS * q.n_local + of * q.n_prefix; }
  DEVICE Real* sums() const { return prefix_sums(TEAMS); }

  DEVICE V4& at4(unsigned offset) { return *(V4*)(exchange() + offset); }
  DEVICE V2& at2(unsigned offset) { return *(V2*)(exchange() + offset); }
  DEVICE unsigned base(int pass) const { return q.bases[pass * TEAM + t]; }
  // Byte offsets of the thread's coset. The base is laundered so that the compiler recomputes them (one operation each)
  // instead of keeping A registers alive through the pass.
  template <int BITS> DEVICE void coset(unsigned* offsets, unsigned from, const Pass& pass) const {
#ifndef QML_EMULATION
    asm volatile("" : "+r"(from));
#endif
    offsets[0] = from << BITS;
#pragma unroll
    for (int k = 0; k < K; k++) {
      const unsigned step = (unsigned)pass.reg[k] << BITS;
#pragma unroll
      for (int a = 0; a < A / 2; a++) if (a < 1 << k) offsets[a | 1 << k] = offsets[a] ^ step;
    }
  }
  DEVICE void get_ket(int p, Real* re, Real* im) {
    unsigned at[A]; coset<SHIFT2>(at, base(p) ^ to2(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) { const V2 z = at2(at[a]); re[a] = z.x; im[a] = z.y; }
  }
  DEVICE void put_ket(int p, const Real* re, const Real* im) {
    unsigned at[A]; coset<SHIFT2>(at, base(p) ^ to2(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) at2(at[a]) = {re[a], im[a]};
  }
  DEVICE void get_both(int p, Real* re, Real* im, Real* bre, Real* bim) {
    unsigned at[A]; coset<SHIFT4>(at, base(p) ^ to4(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) { const V4 z = at4(at[a]); re[a] = z.x; im[a] = z.y; bre[a] = z.z; bim[a] = z.w; }
  }
  DEVICE void put_both(int p, const Real* re, const Real* im, const Real* bre, const Real* bim) {
    unsigned at[A]; coset<SHIFT4>(at, base(p) ^ to4(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) at4(at[a]) = {re[a], im[a], bre[a], bim[a]};
  }
  // The bra alone, in the second halves of the same slots.
  DEVICE void put_bra(int p, const Real* bre, const Real* bim) {
    unsigned at[A]; coset<SHIFT4>(at, base(p) ^ to4(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) at2(at[a] + (1 << SHIFT2)) = {bre[a], bim[a]};
  }
  DEVICE void get_bra(int p, Real* bre, Real* bim) {
    unsigned at[A]; coset<SHIFT4>(at, base(p) ^ to4(), q.passes[p]);
#pragma unroll
    for (int a = 0; a < A; a++) { const V2 z = at2(at[a] + (1 << SHIFT2)); bre[a] = z.x; bim[a] = z.y; }
  }
  DEVICE void clear_sums() {        // of one sample
    for (int i = t; i < q.n_local * WARPS; i += TEAM) local_sums()[i] = 0;
    for (int i = t; i < 3 * q.n * WARPS; i += TEAM) wire_sums()[i] = 0;
  }
  DEVICE Real local_sum(int l) const { Real z = 0; for (int k = 0; k < WARPS; k++) z += local_sums()[l * WARPS + k]; return z; }
  // ---- Walsh-Hadamard transform of one number an amplitude: sums over all sign patterns of the team at once
  DEVICE void transform(Real* v) {
#pragma unroll
    for (int j = 0; j < K; j++)
#pragma unroll
      for (int a = 0; a < A; a++) if (!(a >> j & 1)) { const Real x = v[a], y = v[a | 1 << j]; v[a] = x + y; v[a | 1 << j] = x - y; }
#pragma unroll
    for (int k = 0; k < LANE_BITS; k++)
#pragma unroll
      for (int a = 0; a < A; a++) { const Real other = __shfl_xor_sync(ALL_LANES, v[a], 1 << k); v[a] = other + flip(v[a], t >> k); }
#pragma unroll 1
    for (int k = 5; k < LT; k++) {
      team_sync();
#pragma unroll
      for (int a = 0; a < A; a++) scratch()[a * BLOCK + tid] = v[a];
      team_sync();
#pragma unroll
      for (int a = 0; a < A; a++) v[a] = scratch()[a * BLOCK + (tid ^ 1 << k)] + flip(v[a], t >> k);
    }
  }
  DEVICE Real& spot_at(int coordinate) { return scratch()[(coordinate & (A - 1)) * BLOCK + team() * TEAM + (coordinate >> K)]; }
  // v[a] = sum over spots of value(member) times the sign of their pattern at this amplitude
  template <class F> DEVICE void spread(int first, int count, Real* v, F value) {
    team_sync();
#pragma unroll
    for (int a = 0; a < A; a++) scratch()[a * BLOCK + tid] = 0;
    team_sync();
#pragma unroll 1
    for (int s = first + t; s < first + count; s += TEAM) {
      const Spot spot = q.spots[s]; Real z = 0;
      for (int k = spot.first; k < spot.first + spot.count; k++) z += value(q.members[k]);
      spot_at(spot.coordinate) = z;
    }
    team_sync();
#pragma unroll
    for (int a = 0; a < A; a++) v[a] = scratch()[a * BLOCK + tid];
    transform(v);
  }
  // sink(member, sum over amplitudes of v times the sign of the member's pattern), each in one thread; destroys v
  template <class F> DEVICE void gather(int first, int count, Real* v, F sink) {
    transform(v);
    team_sync();
#pragma unroll
    for (int a = 0; a < A; a++) scratch()[a * BLOCK + tid] = v[a];
    team_sync();
#pragma unroll 1
    for (int s = first + t; s < first + count; s += TEAM) {
      const Spot spot = q.spots[s]; const Real z = spot_at(spot.coordinate);
      for (int k = spot.first; k < spot.first + spot.count; k++) sink(q.members[k], z);
    }
  }
  DEVICE unsigned outer_sign(unsigned z) const { return LARGE ? __popc(z & o) : 0; }
};

// Indices of the amplitudes that the thread loads: consecutive threads, consecutive low local bits.
DEVICE void indices(const Team& w, const Sweep& sweep, unsigned* i) {
  unsigned base = w.o;
  for (int k = 0; k < LT; k++) base ^= w.t >> k & 1 ? sweep.tile[k] : 0;
#ifndef QML_EMULATION
  asm volatile("" : "+r"(base));                          // worked out again, not kept: see coset
#endif
  i[0] = base;
#pragma unroll
  for (int k = 0; k < K; k++)
#pragma unroll
    for (int a = 0; a < A / 2; a++) if (a < 1 << k) i[a | 1 << k] = i[a] ^ sweep.tile[LT + k];
}
