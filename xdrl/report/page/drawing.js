// Screens and overlays on canvases of 160 x 210 pixels, by the same rules as the videos.

/** For every pixel of a side: the two cells it lies between, and how near it is to the second one. */
function stretchCells(cells, start, end, size) {
  const low = new Int16Array(size).fill(-1);
  const weight = new Float32Array(size);
  for (let pixel = 0; pixel < size; pixel++) {
    const centre = pixel + 0.5;
    if (centre < start || centre >= end) continue;
    const position = clamp(((centre - start) / (end - start)) * cells - 0.5, 0, cells - 1);
    low[pixel] = Math.floor(position);
    weight[pixel] = position - low[pixel];
  }
  return { low, weight };
}

/** Stretches a map over its box: a strength for every pixel of the screen, 0 outside the box. */
function stretchMap(map, height, width, scale) {
  const [top, left, bottom, right] = map.box;
  const rows = stretchCells(map.height, top, bottom, height);
  const columns = stretchCells(map.width, left, right, width);
  const strengths = new Float32Array(height * width);
  const cell = (row, column) =>
    map.strengths[Math.min(row, map.height - 1) * map.width + Math.min(column, map.width - 1)];
  for (let y = 0; y < height; y++) {
    const row = rows.low[y];
    if (row < 0) continue;
    for (let x = 0; x < width; x++) {
      const column = columns.low[x];
      if (column < 0) continue;
      const across = columns.weight[x];
      const above = cell(row, column) * (1 - across) + cell(row, column + 1) * across;
      const below = cell(row + 1, column) * (1 - across) + cell(row + 1, column + 1) * across;
      strengths[y * width + x] = ((above * (1 - rows.weight[y]) + below * rows.weight[y]) / 255) * scale;
    }
  }
  return strengths;
}

/** The peak of a strong map of an episode: a percentile of those that are not blank, which stand in order. */
function strongPeak(orderedPeaks, page) {
  const place = (page.strong_percentile / 100) * (orderedPeaks.length - 1);
  const [low, high] = [orderedPeaks[Math.floor(place)] ?? 0, orderedPeaks[Math.ceil(place)] ?? 0];
  return Math.max(low + (place - Math.floor(place)) * (high - low), page.single_floor);
}

/** How strong a map is beside a strong one of its episode. */
function shareOfStrong(map) {
  return Math.min(map.drawnPeak / map.strong, 1);
}

/** How bright a map's peak is drawn: by the root of its share of a strong one, as everywhere, or by itself. */
function peakStrength(map, scaleName, page) {
  if (scaleName === "episode") return Math.sqrt(shareOfStrong(map));
  return map.drawnPeak / Math.max(map.drawnPeak, page.own_scale_floor * map.strong, page.single_floor);
}

/** Draws a screen as it is. */
function paintScreen(canvas, screen) {
  canvas.width = screen.width;
  canvas.height = screen.height;
  canvas.getContext("2d").putImageData(new ImageData(screen.pixels, screen.width, screen.height), 0, 0);
}

/** Draws a screen under a map: colour and opacity follow the strength, and a blank map changes nothing. */
function paintOverlay(canvas, screen, map, strength, blend, page) {
  if (!map || map.status !== "ok") {
    paintScreen(canvas, screen);
    return;
  }
  const strengths = stretchMap(map, screen.height, screen.width, strength);
  const pixels = screen.pixels.slice();
  for (let index = 0; index < strengths.length; index++) {
    const alpha = page.strongest_alpha * strengths[index] * blend;
    if (alpha === 0) continue;
    const colour = page.colours[Math.floor(clamp(strengths[index], 0, 1) * 255)];
    for (let channel = 0; channel < 3; channel++) {
      const at = index * 4 + channel;
      pixels[at] = Math.floor((1 - alpha) * pixels[at] + alpha * colour[channel] + 0.5);
    }
  }
  paintScreen(canvas, { ...screen, pixels });
}

/** Draws the colours from weak to strong. */
function paintScaleKey(canvas, page) {
  const pixels = new Uint8ClampedArray(page.colours.flatMap((colour) => [...colour, 255]));
  canvas.getContext("2d").putImageData(new ImageData(pixels, page.colours.length, 1), 0, 0);
}
