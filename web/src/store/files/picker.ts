/** The browser's dialog for choosing a file. */
const KINDS =
  ".json,.png,.apng,.webp,.jpg,.jpeg,.avif,.flac,.ogg,.opus,.mp3,.mp4,.mov,.m4v,.webm,.svg,.glb,.latent,.safetensors";

/** The files chosen; none if the person thought better of it. */
export function pickFiles(): Promise<readonly File[]> {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = KINDS;
  input.multiple = true;
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}
