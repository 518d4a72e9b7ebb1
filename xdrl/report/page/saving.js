// The picture of a step as a PNG file: what the stage shows, three times as large, with what it is below.

const SAVED_SCALE = 3;
const SAVED_GAP = 12;
const SAVED_LINE = 26;

/** Draws the canvases side by side above lines of text. */
function composePicture(canvases, lines) {
  const [width, height] = [canvases[0].width * SAVED_SCALE, canvases[0].height * SAVED_SCALE];
  const picture = element("canvas");
  const pen = picture.getContext("2d");
  const font = "17px system-ui, sans-serif";
  pen.font = font;
  const widest = Math.max(...lines.map((line) => Math.ceil(pen.measureText(line).width)));
  picture.width = Math.max(canvases.length * (width + SAVED_GAP), widest + SAVED_GAP) + SAVED_GAP;
  picture.height = height + 2 * SAVED_GAP + lines.length * SAVED_LINE;
  pen.fillStyle = "white";
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.imageSmoothingEnabled = false;
  canvases.forEach((canvas, index) => {
    pen.drawImage(canvas, SAVED_GAP + index * (width + SAVED_GAP), SAVED_GAP, width, height);
  });
  pen.font = font;
  pen.fillStyle = "#1c1d22";
  lines.forEach((line, index) => {
    pen.fillText(line, SAVED_GAP, height + 2 * SAVED_GAP + (index + 0.7) * SAVED_LINE);
  });
  return picture;
}

/** Saves the step that is shown. */
async function savePicture(page, step) {
  const canvases = [...document.querySelectorAll("#stage figure:not([hidden]) canvas")];
  const lines = [`${page.game}, step ${step}`, find("overlay-caption").textContent];
  const file = await new Promise((resolve) => composePicture(canvases, lines).toBlob(resolve));
  const link = element("a", { href: URL.createObjectURL(file), download: `${page.game}-step-${step}.png` });
  link.click();
  URL.revokeObjectURL(link.href);
  find("announcer").textContent = `Saved ${link.download}`;
}
