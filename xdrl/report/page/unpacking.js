// From the text that Python packed to bytes: screens and maps.

const CHUNKS_KEPT = 8;

/** Decodes base64. */
function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let index = 0; index < raw.length; index++) bytes[index] = raw.charCodeAt(index);
  return bytes;
}

/** Decodes base64 and unpacks the zlib stream that it holds. */
async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Unpacks one chunk of screens into palette indices, each screen after the other. */
async function unpackChunk(screens, chunk) {
  const bytes = await inflate(screens.chunks[chunk]);
  const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[screens.bytes_per_pixel];
  const indices = new words(bytes.buffer);
  const pixels = screens.height * screens.width;
  for (let index = pixels; index < indices.length; index++) indices[index] ^= indices[index - pixels];
  return indices;
}

/** Reads a palette of red, green and blue as one word a colour, in the order in which canvases keep them. */
function readPalette(text) {
  const channels = bytesOf(text);
  const colours = new Uint8ClampedArray((channels.length / 3) * 4).fill(255);
  channels.forEach((value, index) => (colours[Math.floor(index / 3) * 4 + (index % 3)] = value));
  return new Uint32Array(colours.buffer);
}

/** Looks palette indices up: one screen as red, green, blue and opacity. */
function paletteToPixels(indices, palette) {
  const colours = new Uint32Array(indices.length);
  for (let index = 0; index < indices.length; index++) colours[index] = palette[indices[index]];
  return new Uint8ClampedArray(colours.buffer);
}

/** Keeps the things that were asked for last, by key; makes one that is not there. */
function recent(kept, key, make) {
  const value = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > CHUNKS_KEPT) kept.delete(kept.keys().next().value);
  return value;
}

/** Unpacks a set of maps; `at(index)` is one of them. */
async function unpackMaps(packed) {
  const strengths = await inflate(packed.strengths);
  const cells = packed.height * packed.width;
  const drawnPeaks = packed.drawn_peaks ?? packed.peaks;
  return {
    at: (index) => ({
      height: packed.height,
      width: packed.width,
      box: packed.box,
      coarsened: packed.coarsened,
      strengths: strengths.subarray(index * cells, (index + 1) * cells),
      peak: packed.peaks[index],
      drawnPeak: drawnPeaks[index],
      status: packed.status_names[packed.statuses[index]],
    }),
    peaks: drawnPeaks,
  };
}
