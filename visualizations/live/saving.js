// Gives a person a text to take along: in the clipboard, or as a file.

/** Of the last file that was saved: the browser may still be reading it long after the click. */
let savedUrl = "";

/**
 * @param {string} text
 * @param {string} name of the file
 */
export function saveJson(text, name) {
  const link = document.createElement("a");
  URL.revokeObjectURL(savedUrl);
  savedUrl = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.href = savedUrl;
  link.download = name;
  link.click();
}

/**
 * A browser gives the clipboard only to pages of https or of this machine; elsewhere the text is saved.
 * @param {string} text
 * @param {string} name of the file
 * @returns {Promise<"Copied" | "Saved">}
 */
export async function copyJson(text, name) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    saveJson(text, name);
    return "Saved";
  }
}
