// The address of a changed step on a live page: `#seed=0&step=120&screen=9f2c11ab&edits=move,1,80,40;erase,0`.

/** A number for a screen, as text, that another screen hardly has (FNV-1a). */
function fingerprint(screen) {
  let hash = 0x811c9dc5;
  for (const value of screen.pixels) hash = Math.imul(hash ^ value, 0x01000193);
  return (hash >>> 0).toString(16);
}

/** A change as a part of the address. */
function writeEdit(edit) {
  const numbers = edit.kind === "paint" ? [edit.box, edit.colour ?? []] : [edit.object, edit.to ?? []];
  return [edit.kind, ...numbers.flat()].join(",");
}

/** The change that a part of an address means; the server looks whether it is one. */
function readEdit(text) {
  const [kind, ...words] = text.split(",");
  const numbers = words.map(Number);
  if (kind === "paint") return { kind, box: numbers.slice(0, 4), ...(numbers.length > 4 ? { colour: numbers.slice(4) } : {}) };
  return { kind, object: numbers[0], ...(kind === "move" ? { to: numbers.slice(1) } : {}) };
}

/** The changed step that the address names; null where it names none. */
function readLink() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const [seed, step] = ["seed", "step"].map((name) => (/^\d{1,9}$/.test(fields.get(name) ?? "") ? Number(fields.get(name)) : null));
  const edits = (fields.get("edits") ?? "").split(";").filter(Boolean).map(readEdit);
  return seed === null || step === null || !edits.length ? null : { seed, step, screen: fields.get("screen"), edits };
}

/** Names a changed step in the address, or none. */
function writeLink(link) {
  const edits = link?.edits.map(writeEdit).join(";");
  const hash = edits ? `#seed=${link.seed}&step=${link.step}&screen=${link.screen}&edits=${edits}` : "";
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
}
