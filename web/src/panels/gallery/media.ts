/** What a browser can do with a file, by its name. */
export type Media = "image" | "video" | "audio" | "other";

const KINDS: Readonly<Record<string, Media>> = {
  ...Object.fromEntries(
    ["png", "jpg", "jpeg", "webp", "gif", "avif", "bmp", "svg"].map((end) => [end, "image"]),
  ),
  ...Object.fromEntries(["mp4", "webm", "mov", "mkv"].map((end) => [end, "video"])),
  ...Object.fromEntries(["wav", "flac", "mp3", "ogg", "opus", "m4a"].map((end) => [end, "audio"])),
};

export function mediaOf(filename: string): Media {
  return KINDS[filename.split(".").at(-1)?.toLowerCase() ?? ""] ?? "other";
}
