// Up to 13 qubits: a whole sample in the registers and shared memory of one team; forward, readout and all slopes in one
// launch. A persistent grid walks over the rows of the batch.
#pragma once
#include "passes.cuh"
#include "product.cuh"
#include "readout.cuh"
#include "setup.cuh"

DEVICE void start_sample(Team& w, int row, Real* re, Real* im) {
  const Call& q = w.q; const int natural = q.n_passes;
  if (q.initial) {
    const V2* from = q.initial + (size_t)row * q.initial_stride; const unsigned* mask = q.masks + natural * MAX_TILE; unsigned i0 = 0;
    for (int k = 0; k < LT; k++) i0 ^= w.t >> k & 1 ? mask[K + k] : 0;
#pragma unroll
    for (int a = 0; a < A; a++) {
      unsigned i = i0;
#pragma unroll
      for (int k = 0; k < K; k++) i ^= a >> k & 1 ? mask[k] : 0;
      const V2 z = from[i]; re[a] = z.x; im[a] = z.y;
    }
  } else { wire_vectors(w); team_sync(); product_state(w, re, im); }
  w.put_ket(natural, re, im);
}

DEVICE void end_sample(Team& w, int row, bool live, Real* re, Real* im, Real* bre, Real* bim) {
  const Call& q = w.q; const int natural = q.n_passes;
  w.get_bra(natural, bre, bim);
  if (q.initial) {
    const unsigned* mask = q.masks + natural * MAX_TILE; unsigned i0 = 0;
    for (int k = 0; k < LT; k++) i0 ^= w.t >> k & 1 ? mask[K + k] : 0;
#pragma unroll
    for (int a = 0; a < A; a++) {
      unsigned i = i0;
#pragma unroll
      for (int k = 0; k < K; k++) i ^= a >> k & 1 ? mask[k] : 0;
      if (live) q.grad_initial[((size_t)row << q.n) + i] = {2 * bre[a], 2 * bim[a]};
    }
  } else { wire_slopes(w, bre, bim); team_sync(); walk_wires(w); }
  team_sync();
#pragma unroll 1
  for (int j = w.t; j < q.n_rows; j += TEAM) {
    Real z = 0; for (int k = q.column_first[j]; k < q.column_first[j + 1]; k++) z += w.local_sum(q.column_locals[k]);
    if (live) q.grad_rows[(size_t)row * q.n_rows + j] = z;
  }
}

DEVICE void small_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, q.arena + (size_t)blockIdx.x * q.arena_words);
  const int last = q.n_passes - 1;
  if (q.mode & GRADIENT) {
    for (int i = w.tid; i < q.n_slots * BLOCK_WARPS; i += BLOCK) w.sums()[i] = 0;
    for (int i = w.t; i < q.n_prefix; i += TEAM) w.prefix_sums(w.team())[i] = 0;
    Real* sums = q.table_sums + (size_t)blockIdx.x * q.n_tables * A * BLOCK + w.tid;
    for (int i = 0; i < q.n_tables * A; i++) sums[(size_t)i * BLOCK] = 0;
  }
  Real re[A], im[A], bre[A], bim[A];
  for (int first = blockIdx.x * TEAMS; first < q.batch; first += gridDim.x * TEAMS) {   // the same for all teams: barriers stay uniform
    const int sample = first + w.team(), row = sample < q.batch ? sample : q.batch - 1; const bool live = sample < q.batch;
    team_sync();                                                                 // readers of the sample before are done
#pragma unroll 1
    for (int l = w.t; l < q.n_local; l += TEAM) w.local(l) = local_value(q, l, q.rows + (size_t)row * q.n_rows);
    if (q.mode & GRADIENT) w.clear_sums();
    team_sync();
    if (q.mode & RESUME) {
      if (q.mode & GRADIENT && !q.initial) wire_vectors(w);
      const V2* kets = q.kets + (size_t)row * N + w.t;
#pragma unroll
      for (int a = 0; a < A; a++) { const V2 z = kets[a * TEAM]; re[a] = z.x; im[a] = z.y; }
    } else {
      start_sample(w, row, re, im);
      for (int p = 0; p <= last; p++) {
        team_sync(); w.get_ket(p, re, im);
        if (q.passes[p].plain) forward_pass<true>(w, p, re, im); else forward_pass<false>(w, p, re, im);
        if (p < last) w.put_ket(p, re, im);
      }
    }
    if (q.mode & KEEP && live) {
      V2* kets = q.kets + (size_t)row * N + w.t;
#pragma unroll
      for (int a = 0; a < A; a++) kets[a * TEAM] = {re[a], im[a]};
    }
    if (WORDS_FLIP) { w.put_ket(last, re, im); team_sync(); }
    if (q.mode & VALUES)
#pragma unroll 1
      for (int c = 0; c < q.n_channels; c++) {
        const Channel channel = q.channels[c];
        read_channel(w, channel, re, im, ExchangePartner{w, last, (unsigned)channel.address},
                     [&](int o, Real sum) { if (live) q.values[(size_t)row * q.n_words + o] = sum * q.word_signs[o]; });
      }
    if (!(q.mode & GRADIENT)) continue;
#pragma unroll
    for (int a = 0; a < A; a++) bre[a] = bim[a] = 0;
#pragma unroll 1
    for (int c = 0; c < q.n_channels; c++) {
      const Channel channel = q.channels[c];
      add_channel(w, channel, re, im, bre, bim, ExchangePartner{w, last, (unsigned)channel.address},
                  [&](int o) -> Real { return live ? q.cotangent[(size_t)row * q.n_words + o] * q.word_signs[o] : (Real)0; });
    }
    team_sync();                                                                 // kets alone are done with, both begin
    for (int p = last; p >= 0; p--) {
      if (p < last) w.get_both(p, re, im, bre, bim);
      Real slopes[MAX_K];
      if (q.passes[p].plain) backward_pass<true>(w, p, re, im, bre, bim, slopes); else backward_pass<false>(w, p, re, im, bre, bim, slopes);
      if (p) w.put_both(p, re, im, bre, bim); else w.put_bra(p, bre, bim);
      collect(w, p, slopes);
      team_sync();
    }
    end_sample(w, row, live, re, im, bre, bim);
  }
  if (q.mode & GRADIENT) write_parts(w, 0, q.n_turns, q.parts + (size_t)blockIdx.x * q.n_slots);
}
