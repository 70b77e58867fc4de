// One pass on the registers of a team: table or scale, phases, rotations; and all of it backwards with every slope.
#pragma once
#include "team.cuh"

DEVICE void phases_of(Team& w, const Pass& p, Real* f) {     // in half turns
  w.spread(p.spot, p.spots, f, [&](int g) -> Real {
    const Turn& turn = w.q.turns[g];
    return flip(turn.kind == ROW ? w.local(turn.local).x : w.q.forms[g].x, w.outer_sign(turn.z));
  });
}

template <int J, bool PLAIN> DEVICE void forward_axis(const Team& w, const Pass& p, Real* re, Real* im) {
  if constexpr (J < K) {
    const int kind = PLAIN ? 1 : p.kind[J];
    if (!kind) return;
    const int g = p.turn[J];
    const unsigned pattern = SIGNED && !PLAIN ? p.pattern[J] : 0;
    const unsigned sign = (SIGNED && !PLAIN ? __popc(p.thread_z[J] & w.t) : 0) + (LARGE ? w.outer_sign(w.q.turns[g].z) : 0);
    if (PLAIN || !VARIED || kind <= 2) {
      const Real t = flip(w.q.forms[g].x, sign);
      if (PLAIN || !FLIPS || kind == 1) { if (!pattern) rotate_tangent<J, true>(re, im, t, 0u); else rotate_tangent<J, true>(re, im, t, pattern); }
      else { if (!pattern) rotate_tangent<J, false>(re, im, t, 0u); else rotate_tangent<J, false>(re, im, t, pattern); }
    } else {
      const V2 z = w.local(w.q.turns[g].local); const Real s = flip(z.y, sign);
      if (!FLIPS || kind == 3) rotate_full<J, true>(re, im, z.x, s, pattern); else rotate_full<J, false>(re, im, z.x, s, pattern);
    }
  }
}
template <bool PLAIN> DEVICE void forward_pass(Team& w, int number, Real* re, Real* im) {
  const Pass& p = w.q.passes[number];
  if (!LARGE && p.table >= 0) {
    const V2* table = w.q.tables + (size_t)p.table * N + w.t;
#pragma unroll
    for (int a = 0; a < A; a++) { const V2 z = table[a * TEAM]; multiply(re + a, im + a, z.x, z.y); }
  } else if (p.scaled) {
    const Real s = (Real)w.q.scales[number];
#pragma unroll
    for (int a = 0; a < A; a++) { re[a] *= s; im[a] *= s; }
  }
  if (PHASES && !PLAIN && p.spots) {
    Real f[A]; phases_of(w, p, f);
#pragma unroll
    for (int a = 0; a < A; a++) { Real s, c; sincos_pi(f[a], &s, &c); multiply(re + a, im + a, c, s); }
  }
  forward_axis<0, PLAIN>(w, p, re, im); forward_axis<1, PLAIN>(w, p, re, im); forward_axis<2, PLAIN>(w, p, re, im);
  forward_axis<3, PLAIN>(w, p, re, im); forward_axis<4, PLAIN>(w, p, re, im);
}

// Adds to what a row turn has collected.
DEVICE void add_local(Team& w, int l, int part, Real value) { w.local_sums()[l * WARPS + part] += value; }

template <int J, bool PLAIN> DEVICE void backward_axis(Team& w, const Pass& p, Real* re, Real* im, Real* bre, Real* bim, Real* slopes) {
  if constexpr (J < K) {
    const int kind = PLAIN ? 1 : p.kind[J];
    if (!kind) return;
    const int g = p.turn[J];
    const unsigned pattern = SIGNED && !PLAIN ? p.pattern[J] : 0;
    const unsigned sign = (SIGNED && !PLAIN ? __popc(p.thread_z[J] & w.t) : 0) + (LARGE ? w.outer_sign(w.q.turns[g].z) : 0);
#define QML_UNDO(ROTATE, ODD, ANGLE, PATTERN) { d = slope<J, ODD>(re, im, bre, bim, PATTERN); ROTATE<J, ODD>(re, im, ANGLE, PATTERN); ROTATE<J, ODD>(bre, bim, ANGLE, PATTERN); }
#define QML_BOTH z.x, s
    Real d;
    if (PLAIN || !VARIED || kind <= 2) {
      const Real t = -flip(w.q.forms[g].x, sign);
      if (PLAIN || !FLIPS || kind == 1) { if (!pattern) QML_UNDO(rotate_tangent, true, t, 0u) else QML_UNDO(rotate_tangent, true, t, pattern) }
      else { if (!pattern) QML_UNDO(rotate_tangent, false, t, 0u) else QML_UNDO(rotate_tangent, false, t, pattern) }
      slopes[J] = flip(d, sign);
    } else {
      const int l = w.q.turns[g].local; const V2 z = w.local(l); const Real s = -flip(z.y, sign);
      if (!FLIPS || kind == 3) QML_UNDO(rotate_full, true, QML_BOTH, pattern) else QML_UNDO(rotate_full, false, QML_BOTH, pattern)
      d = lane_sum(flip(d, sign));
      if ((w.lane() & (TEAM - 1)) == 0) add_local(w, l, w.part(), d * w.q.forms[g].y);
    }
#undef QML_UNDO
#undef QML_BOTH
  }
}
// Sums of the slopes of a pass over the lanes of a warp, into what the block collects. Called when the amplitudes are back in
// the exchange, because registers are scarce while they are not.
DEVICE void collect(Team& w, int number, const Real* slopes) {
  const Pass& p = w.q.passes[number];
  auto add = [&](int j, Real sum) { if (j < K) { const int g = p.turn[j]; const int slot = g < 0 ? -1 : w.q.turns[g].slot; if (slot >= 0) w.sums()[slot * BLOCK_WARPS + w.warp()] += sum; } };
  four_sums<5>(slopes[0], slopes[1], slopes[2], slopes[3], w.lane(), add);
  if (K == 5) { const Real sum = warp_sum(slopes[4]); if (w.lane() == 0) add(4, sum); }
}
template <bool PLAIN> DEVICE void backward_pass(Team& w, int number, Real* re, Real* im, Real* bre, Real* bim, Real* slopes) {
  const Pass& p = w.q.passes[number];
#pragma unroll
  for (int j = 0; j < MAX_K; j++) slopes[j] = 0;
  backward_axis<4, PLAIN>(w, p, re, im, bre, bim, slopes); backward_axis<3, PLAIN>(w, p, re, im, bre, bim, slopes);
  backward_axis<2, PLAIN>(w, p, re, im, bre, bim, slopes); backward_axis<1, PLAIN>(w, p, re, im, bre, bim, slopes);
  backward_axis<0, PLAIN>(w, p, re, im, bre, bim, slopes);
  if (PHASES && !PLAIN && p.spots) {
    Real f[A], g[A]; phases_of(w, p, f);
#pragma unroll
    for (int a = 0; a < A; a++) { Real s, c; sincos_pi(f[a], &s, &c); g[a] = bre[a] * im[a] - bim[a] * re[a]; multiply(re + a, im + a, c, -s); multiply(bre + a, bim + a, c, -s); }
    w.gather(p.spot, p.spots, g, [&](int m, Real sum) {
      const Turn& turn = w.q.turns[m]; sum = flip(sum, w.outer_sign(turn.z));
      if (turn.kind == ROW) add_local(w, turn.local, 0, sum * w.q.forms[m].y);
      else if (turn.slot >= 0) w.sums()[turn.slot * BLOCK_WARPS] += sum;
    });
  }
  if (!LARGE && p.table >= 0) {
    const V2* table = w.q.tables + (size_t)p.table * N + w.t;
    Real* sums = w.q.table_sums + ((size_t)blockIdx.x * w.q.n_tables + p.table) * A * BLOCK + w.tid;
#pragma unroll
    for (int a = 0; a < A; a++) {
      const V2 z = table[a * TEAM]; multiply(re + a, im + a, z.x, -z.y); multiply(bre + a, bim + a, z.x, -z.y);
      sums[a * BLOCK] += bre[a] * im[a] - bim[a] * re[a];
    }
  } else if (p.scaled) {
    const Real s = (Real)w.q.scales[number];
#pragma unroll
    for (int a = 0; a < A; a++) { re[a] *= s; im[a] *= s; bre[a] *= s; bim[a] *= s; }
  }
}

// What this block has collected of the shared turns in [first, last), one number a slot, in a fixed order.
DEVICE void write_parts(Team& w, int first, int last, Real* parts) {
  __syncthreads();
  for (int i = w.warp(); i < w.q.n_slots; i += BLOCK_WARPS) {
    const int g = w.q.shared_turns[i]; const Turn& turn = w.q.turns[g]; Real z = 0;
    if (g < first || g >= last) continue;
    if (turn.role == PREFIX) { for (int k = w.lane(); k < TEAMS; k += 32) z += w.prefix_sums(k)[turn.local]; z *= (Real)turn.coefficient; }
    else if (turn.role == TABLE) {
      const int d = w.q.passes[turn.pass].table; const unsigned pattern = turn.coordinate & (A - 1), thread_z = turn.coordinate >> K;
      const Real* sums = w.q.table_sums + ((size_t)blockIdx.x * w.q.n_tables + d) * A * BLOCK;
      for (int k = w.lane(); k < BLOCK; k += 32) { Real y = 0; for (int a = 0; a < A; a++) y += flip(sums[a * BLOCK + k], __popc(pattern & a)); z += flip(y, __popc(thread_z & k & (TEAM - 1))); }
      z *= w.q.forms[g].y;
    } else { for (int k = w.lane(); k < BLOCK_WARPS; k += 32) z += w.sums()[turn.slot * BLOCK_WARPS + k]; z *= w.q.forms[g].y; }
    z = warp_sum(z);
    if (w.lane() == 0) parts[turn.slot] = z;
  }
}
