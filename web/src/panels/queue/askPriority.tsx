import { Button, Group, NumberInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { prioritise } from "@/store/runs/queue";
import { told } from "../run/told";

export function askPriority(id: string, now: number): void {
  modals.open({
    modalId: "priority",
    title: i18next.t("run:queue.priorityTitle"),
    children: <PriorityForm id={id} now={now} />,
  });
}

function PriorityForm({ id, now }: { readonly id: string; readonly now: number }) {
  const { t } = useTranslation("run");
  const [number, setNumber] = useState<number | string>(now);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        modals.close("priority");
        if (typeof number === "number") void told(prioritise(id, number));
      }}
    >
      <NumberInput
        data-autofocus
        onFocus={(event) => event.currentTarget.select()}
        label={t("queue.priorityLabel")}
        description={t("queue.priorityHint")}
        value={number}
        onChange={setNumber}
      />
      <Group justify="flex-end" mt="md">
        <Button type="submit" disabled={typeof number !== "number"}>
          {t("queue.prioritySet")}
        </Button>
      </Group>
    </form>
  );
}
