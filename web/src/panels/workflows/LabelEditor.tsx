import { Button, Group, TagsInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { labelWorkflow, useWorkflows } from "@/store/versions/library";
import type { WorkflowItem } from "@/store/versions/types";
import styles from "./Library.module.css";

interface Props {
  readonly workflow: WorkflowItem;
  readonly onDone: () => void;
}

/** The words a workflow is found by. */
export function LabelEditor({ workflow, onDone }: Props) {
  const { t } = useTranslation("versions");
  const { name } = workflow;
  const [labels, setLabels] = useState<string[]>(workflow.labels);
  const [typed, setTyped] = useState("");
  const known = useWorkflows((library) => library.workflows);
  const others = [...new Set(known.flatMap((one) => one.labels))].toSorted();
  const keep = async () => {
    if (await labelWorkflow(name, labels)) onDone();
  };
  return (
    <div className={styles.editor}>
      <TagsInput
        size="xs"
        label={t("library.labels", { name })}
        placeholder={t("library.newLabel")}
        value={labels}
        // Only while one types: the list lies over the buttons.
        data={typed === "" ? [] : others}
        searchValue={typed}
        onSearchChange={setTyped}
        onChange={setLabels}
        data-autofocus
      />
      <Group gap={4} mt={4}>
        <Button size="compact-xs" onClick={() => void keep()}>
          {t("library.keepLabels")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={onDone}>
          {t("cancel")}
        </Button>
      </Group>
    </div>
  );
}
