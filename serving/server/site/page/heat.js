/* Heatmaps over frames, for answers that bring no picture of their own. */

const HEAT_COLOURS = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];
const STRONGEST_OPACITY = 0.8;
const HEAT_SCALE = 3;

/* The colour of a strength in [0, 1], between the two nearest of the list. */
function heatColour(strength) {
  const place = strength * (HEAT_COLOURS.length - 1);
  const low = Math.min(Math.floor(place), HEAT_COLOURS.length - 2);
  return HEAT_COLOURS[low].map((value, channel) => value + (place - low) * (HEAT_COLOURS[low + 1][channel] - value));
}

function frameCanvas(frame) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [FRAME_WIDTH, FRAME_HEIGHT];
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(frame), FRAME_WIDTH, FRAME_HEIGHT), 0, 0);
  return canvas;
}

/* A frame as the address of a picture. */
function framePicture(frame) {
  return frameCanvas(frame).toDataURL();
}

/* A frame under a heatmap, as the address of a picture; the box says which part the heatmap stands for. */
function heatPicture(frame, heatmap, [top, left, bottom, right]) {
  const cells = document.createElement("canvas");
  [cells.width, cells.height] = [heatmap[0].length, heatmap.length];
  const values = heatmap.flat().flatMap((strength) => [...heatColour(strength), 255 * STRONGEST_OPACITY * strength]);
  cells.getContext("2d").putImageData(new ImageData(Uint8ClampedArray.from(values), cells.width, cells.height), 0, 0);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [FRAME_WIDTH * HEAT_SCALE, FRAME_HEIGHT * HEAT_SCALE];
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(frameCanvas(frame), 0, 0, canvas.width, canvas.height);
  pen.imageSmoothingEnabled = true;
  const [x, y, width, height] = [left, top, right - left, bottom - top].map((side) => side * HEAT_SCALE);
  pen.drawImage(cells, x, y, width, height);
  return canvas.toDataURL();
}
