import { useEffect } from "react";
import { takeImages } from "@/store/files/images";

/** Pictures that hold no workflow become nodes where they were dropped. */
export function useImages(): void {
  useEffect(
    () =>
      takeImages(async (file, at) => {
        const [{ uploadAsNode }, { middle, toGraph }] = await Promise.all([
          import("@/canvas/actions/upload"),
          import("@/canvas/view"),
        ]);
        await uploadAsNode(file, at === null ? middle() : toGraph(at.x, at.y));
      }),
    [],
  );
}
