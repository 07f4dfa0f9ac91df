/** Pictures that hold no workflow: whoever makes nodes of them says so here. */
export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
}
export type ImageTaker = (file: File, at: ScreenPoint | null) => void | Promise<void>;

let taker: ImageTaker | null = null;

/** The canvas takes them: it uploads the picture and adds a node that loads it. Returns how to stop. */
export function takeImages(next: ImageTaker): () => void {
  taker = next;
  return () => {
    if (taker === next) taker = null;
  };
}

/** Whether anybody takes it. */
export function giveImage(file: File, at: ScreenPoint | null): boolean {
  if (taker === null || !file.type.startsWith("image/")) return false;
  void taker(file, at);
  return true;
}
