/* Pictures as frames: the pixels that a model sees, red, green, blue and opacity. */

const FRAME_WIDTH = 160;
const FRAME_HEIGHT = 210;
const FRAME_VALUES = FRAME_WIDTH * FRAME_HEIGHT * 4;
const PICTURE_BEGINNINGS = [
  [0x89, 0x50, 0x4e, 0x47],
  [0xff, 0xd8, 0xff],
];
/* Of 255: neighbours that differ by more in any channel have an edge between them. */
const EDGE = 24;

/* Tells whether a file begins as a PNG or a JPEG does. */
async function isPicture(blob) {
  const bytes = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  return PICTURE_BEGINNINGS.some((beginning) => beginning.every((byte, index) => bytes[index] === byte));
}

function pngOf(base64) {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" });
}

/* Decodes a picture of screens, one below the other, each brought to the size of a frame. */
async function readFrames(blob, count = 1) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(FRAME_WIDTH, FRAME_HEIGHT * count);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from({ length: count }, (_, index) => pixels.subarray(index * FRAME_VALUES, (index + 1) * FRAME_VALUES));
}

/* A frame as the contract has it: rows of columns of red, green and blue. */
function nestedFrame(frame) {
  return Array.from({ length: FRAME_HEIGHT }, (_, row) =>
    Array.from({ length: FRAME_WIDTH }, (_, column) => {
      const place = 4 * (row * FRAME_WIDTH + column);
      return [frame[place], frame[place + 1], frame[place + 2]];
    }),
  );
}

/* Where a frame has edges, which are there whatever the colours of a level: 1 below or right of one, else 0. */
function edgesOf(frame) {
  const edges = new Uint8Array(FRAME_WIDTH * FRAME_HEIGHT);
  const differs = (one, other) => [0, 1, 2].some((channel) => Math.abs(frame[4 * one + channel] - frame[4 * other + channel]) > EDGE);
  for (let place = 0; place < edges.length; place++) {
    const hasLeft = place % FRAME_WIDTH > 0 && differs(place, place - 1);
    const hasAbove = place >= FRAME_WIDTH && differs(place, place - FRAME_WIDTH);
    edges[place] = hasLeft || hasAbove ? 1 : 0;
  }
  return edges;
}
