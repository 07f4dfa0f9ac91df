import { ViewportPortal } from "@xyflow/react";
import { useShownGraph } from "../useShown";
import { GroupFrame } from "./GroupFrame";

/** What can be taken hold of of each group: its title and its corner. The frame itself is drawn under the links. */
export function GroupFrames() {
  const graph = useShownGraph();
  return (
    <ViewportPortal>
      {graph.groups.ids.map((key) => {
        const group = graph.groups.by[key];
        return group === undefined ? null : <GroupFrame key={key} id={key} group={group} />;
      })}
    </ViewportPortal>
  );
}
