// Beyond: the state in global memory. One sweep is one read and write of it: a block loads a tile (2^TILE_BITS amplitudes
// spanned by any index masks), runs the passes of the sweep on it in shared memory, and stores it.
//
// Grid: (blocks a sample, samples); a block walks over tiles in steps of gridDim.x.
#pragma once
#include "small.cuh"


DEVICE unsigned outer_bits(const Call& q, const Sweep& sweep, unsigned tile) {
  unsigned o = 0; for (int k = 0; k < q.n - TILE_BITS; k++) o ^= tile >> k & 1 ? sweep.outer[k] : 0; return o;
}
DEVICE size_t sample_offset(const Call& q) { return (size_t)blockIdx.y << q.n; }
DEVICE Real* block_part(Real* parts, int numbers) { return parts + ((size_t)blockIdx.y * gridDim.x + blockIdx.x) * numbers; }
DEVICE Real* block_arena(const Call& q) { return block_part(q.arena, q.arena_words); }

DEVICE void load_locals(Team& w) {
  const V2* from = w.q.local_values + (size_t)blockIdx.y * w.q.n_local;
  for (int l = w.t; l < w.q.n_local; l += TEAM) w.local(l) = from[l];
  team_sync();
}
DEVICE void rows_body(const Call& q) {
  const long long count = (long long)q.batch * q.n_local;
  for (long long e = blockIdx.x * (long long)blockDim.x + threadIdx.x; e < count; e += (long long)gridDim.x * blockDim.x) {
    const int row = (int)(e / q.n_local), l = (int)(e % q.n_local);
    q.local_values[e] = local_value(q, l, q.rows + (size_t)row * q.n_rows);
  }
}
DEVICE void product_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, block_arena(q)); const Sweep& natural = q.sweeps[q.sweep];
  load_locals(w); wire_vectors(w); team_sync();
  V2* ket = q.ket + sample_offset(q); Real re[A], im[A]; unsigned i[A];
  for (w.tile = blockIdx.x; w.tile < q.tiles; w.tile += gridDim.x) {
    w.o = outer_bits(q, natural, w.tile); outside_products(w); product_state(w, re, im); indices(w, natural, i);
#pragma unroll
    for (int a = 0; a < A; a++) ket[i[a]] = {re[a], im[a]};
  }
}
DEVICE void forward_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, block_arena(q)); const Sweep& sweep = q.sweeps[q.sweep];
  load_locals(w);
  const V2* from = q.source + (size_t)blockIdx.y * q.initial_stride; V2* to = q.ket + sample_offset(q); Real re[A], im[A];
  for (w.tile = blockIdx.x; w.tile < q.tiles; w.tile += gridDim.x) {
    w.o = outer_bits(q, sweep, w.tile);
    { unsigned i[A]; indices(w, sweep, i);
#pragma unroll
      for (int a = 0; a < A; a++) { const V2 z = from[i[a]]; re[a] = z.x; im[a] = z.y; } }
    w.put_ket(sweep.natural, re, im);
    for (int p = sweep.pass0; p < sweep.pass1; p++) {
      team_sync(); w.get_ket(p, re, im);
      if (q.passes[p].plain) forward_pass<true>(w, p, re, im); else forward_pass<false>(w, p, re, im);
      w.put_ket(p, re, im);
    }
    team_sync(); w.get_ket(sweep.natural, re, im);
    { unsigned i[A]; indices(w, sweep, i);
#pragma unroll
      for (int a = 0; a < A; a++) to[i[a]] = {re[a], im[a]}; }
  }
}
DEVICE void observe_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, block_arena(q)); const Sweep& natural = q.sweeps[q.sweep];
  const V2* ket = q.source + sample_offset(q); V2* bra = q.bra + sample_offset(q);
  Real* parts = block_part(q.word_parts, q.n_words); const Real* cotangent = q.cotangent + (size_t)blockIdx.y * q.n_words;
  Real re[A], im[A], bre[A], bim[A];
  for (w.tile = blockIdx.x; w.tile < q.tiles; w.tile += gridDim.x) {
    const bool first = w.tile == blockIdx.x;
    w.o = outer_bits(q, natural, w.tile);
    GlobalPartner{w, natural, ket, 0}.each([&](int a, V2 z) { re[a] = z.x; im[a] = z.y; bre[a] = bim[a] = 0; });
#pragma unroll 1
    for (int c = 0; c < q.n_channels; c++) {
      const Channel channel = q.channels[c]; const GlobalPartner partner{w, natural, ket, channel.x};
      if (q.mode & VALUES) read_channel(w, channel, re, im, partner, [&](int o, Real sum) { sum = flip(sum, w.outer_sign(q.words[o].z)); parts[o] = first ? sum : parts[o] + sum; });
      if (q.mode & GRADIENT) add_channel(w, channel, re, im, bre, bim, partner, [&](int o) -> Real { return flip(cotangent[o] * q.word_signs[o], w.outer_sign(q.words[o].z)); });
    }
    if (q.mode & GRADIENT) {
      unsigned i[A]; indices(w, natural, i);
#pragma unroll
      for (int a = 0; a < A; a++) bra[i[a]] = {bre[a], bim[a]};
    }
  }
}
DEVICE void words_body(const Call& q) {                   // one thread a value, blocks in order
  const long long count = (long long)q.batch * q.n_words;
  for (long long e = blockIdx.x * (long long)blockDim.x + threadIdx.x; e < count; e += (long long)gridDim.x * blockDim.x) {
    const long long row = e / q.n_words; const int o = (int)(e % q.n_words); Real z = 0;
    for (int k = 0; k < q.part_blocks; k++) z += q.word_parts[(row * q.part_blocks + k) * q.n_words + o];
    q.values[e] = z * q.word_signs[o];
  }
}
DEVICE void backward_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, block_arena(q)); const Sweep& sweep = q.sweeps[q.sweep];
  for (int i = w.tid; i < q.n_slots * BLOCK_WARPS; i += BLOCK) w.sums()[i] = 0;
  w.clear_sums(); load_locals(w);
  const V2* from = q.source + sample_offset(q); V2 *ket = q.ket + sample_offset(q), *bra = q.bra + sample_offset(q);
  Real re[A], im[A], bre[A], bim[A];
  for (w.tile = blockIdx.x; w.tile < q.tiles; w.tile += gridDim.x) {
    w.o = outer_bits(q, sweep, w.tile);
    { unsigned i[A]; indices(w, sweep, i);
#pragma unroll
      for (int a = 0; a < A; a++) { const V2 y = from[i[a]], z = bra[i[a]]; re[a] = y.x; im[a] = y.y; bre[a] = z.x; bim[a] = z.y; } }
    w.put_both(sweep.natural, re, im, bre, bim);
    for (int p = sweep.pass1 - 1; p >= sweep.pass0; p--) {
      team_sync(); w.get_both(p, re, im, bre, bim);
      Real slopes[MAX_K];
      if (q.passes[p].plain) backward_pass<true>(w, p, re, im, bre, bim, slopes); else backward_pass<false>(w, p, re, im, bre, bim, slopes);
      w.put_both(p, re, im, bre, bim);
      collect(w, p, slopes);
    }
    team_sync(); w.get_both(sweep.natural, re, im, bre, bim);
    { unsigned i[A]; indices(w, sweep, i);
#pragma unroll
      for (int a = 0; a < A; a++) { ket[i[a]] = {re[a], im[a]}; bra[i[a]] = {bre[a], bim[a]}; } }
  }
  const int first = q.n_prefix < q.n_turns ? sweep.turn0 : 0;
  write_parts(w, first, sweep.turn1, block_part(q.parts, q.n_slots));
  Real* rows = block_part(q.row_parts, q.n_local);
  for (int l = w.t; l < q.n_local; l += TEAM) { const int g = q.locals[l]; if (g >= first && g < sweep.turn1) rows[l] = w.local_sum(l); }
}
// The slopes of each wire, or the slopes of the initial amplitudes.
DEVICE void ends_body(const Call& q, unsigned char* smem) {
  const V2* bra = q.bra + sample_offset(q); Real bre[A], bim[A]; unsigned i[A];
  Team w(q, smem, block_arena(q)); const Sweep& natural = q.sweeps[q.sweep];
  if (!q.initial) { w.clear_sums(); load_locals(w); wire_vectors(w); team_sync(); }
  for (w.tile = blockIdx.x; w.tile < q.tiles; w.tile += gridDim.x) {
    w.o = outer_bits(q, natural, w.tile); indices(w, natural, i);
#pragma unroll
    for (int a = 0; a < A; a++) { const V2 z = bra[i[a]]; bre[a] = z.x; bim[a] = z.y; }
    if (q.initial) {
      V2* to = q.grad_initial + sample_offset(q);
#pragma unroll
      for (int a = 0; a < A; a++) to[i[a]] = {2 * bre[a], 2 * bim[a]};
    } else { outside_products(w); wire_slopes(w, bre, bim); }
  }
  if (q.initial) return;
  team_sync();
  Real* parts = block_part(q.wire_parts, 3 * q.n);
  for (int k = w.t; k < 3 * q.n; k += TEAM) { Real z = 0; for (int v = 0; v < WARPS; v++) z += w.wire_sums()[k * WARPS + v]; parts[k] = z; }
}
// One block a sample: sums over its blocks, the turns of each wire, the columns.
DEVICE void finish_body(const Call& q, unsigned char* smem) {
  Team w(q, smem, q.arena + (size_t)blockIdx.y * q.part_blocks * q.arena_words); const size_t row = blockIdx.y;
  load_locals(w); w.clear_sums();
  for (int i = w.t; i < q.n_prefix; i += TEAM) w.prefix_sums(w.team())[i] = 0;
  team_sync();
  for (int l = q.n_prefix + w.t; l < q.n_local; l += TEAM) { Real z = 0; for (int k = 0; k < q.part_blocks; k++) z += q.row_parts[(row * q.part_blocks + k) * q.n_local + l]; w.local_sums()[l * WARPS] = z; }
  if (!q.initial) {
    for (int i = w.t; i < 3 * q.n; i += TEAM) { Real z = 0; for (int k = 0; k < q.part_blocks; k++) z += q.wire_parts[(row * q.part_blocks + k) * 3 * q.n + i]; w.wire_sums()[i * WARPS] = z; }
    team_sync(); walk_wires(w);
  }
  team_sync();
  for (int j = w.t; j < q.n_rows; j += TEAM) { Real z = 0; for (int k = q.column_first[j]; k < q.column_first[j + 1]; k++) z += w.local_sum(q.column_locals[k]); q.grad_rows[row * q.n_rows + j] = z; }
  for (int i = w.t; i < q.n_prefix; i += TEAM) {
    const Turn& turn = q.turns[i];
    if (turn.slot >= 0) for (int k = 0; k < q.part_blocks; k++) q.parts[(row * q.part_blocks + k) * q.n_slots + turn.slot] = k ? (Real)0 : w.prefix_sums(w.team())[turn.local] * (Real)turn.coefficient;
  }
}
