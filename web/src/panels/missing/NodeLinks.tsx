import { centerOn } from "@/canvas/view";
import type { NodePlace } from "@/graph/formats/missing";
import { pathTo } from "@/panels/pathTo";
import { useEditor } from "@/store/editor";
import styles from "./MissingPanel.module.css";

/** The nodes concerned; each leads to its node. */
export function NodeLinks({ places }: { readonly places: readonly NodePlace[] }) {
  return places.map((place) => (
    <button
      key={`${place.graph}/${place.node}`}
      type="button"
      className={styles.node}
      onClick={() => {
        const path = pathTo(useEditor.getState().document, place.graph);
        if (path !== null) centerOn(path, place.node);
      }}
    >
      #{place.node}
    </button>
  ));
}
