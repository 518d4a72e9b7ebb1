/* The same request as lines for a shell. */

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function predictPath(model) {
  return `/v1/models/${encodeURIComponent(model.name)}:predict`;
}

function requestBody(signature, instance) {
  return JSON.stringify({ signature_name: signature, instances: [instance] });
}

function pictureInstance(base64) {
  return { image_bytes: { b64: base64 } };
}

/* A picture may be too long for an argument, so it goes through a pipe. */
function shellCommand(model, fileName, sample) {
  const mark = "PICTURE";
  const body = requestBody(model.signature, pictureInstance(mark));
  const cut = body.lastIndexOf(mark);
  const before = quoted(body.slice(0, cut));
  const after = quoted(body.slice(cut + mark.length));
  const lines = [
    `(printf %s ${before}; base64 < ${quoted(fileName)} | tr -d '\\n'; printf %s ${after}) |`,
    `  curl -s -d @- ${quoted(location.origin + predictPath(model))}`,
  ];
  if (sample) {
    lines.unshift(`curl -s -o ${quoted(fileName)} ${quoted(location.origin + sample)}`);
  }
  return lines.join("\n");
}
