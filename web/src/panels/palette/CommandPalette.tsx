import { createSpotlight, Spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.layer.css";
import { IconSearch } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { showDialog } from "@/store/shell";
import styles from "./CommandPalette.module.css";
import { useEntries } from "./useEntries";

const [store, palette] = createSpotlight();

/** One field for everything: commands, nodes of the graph, workflows, templates. */
export function CommandPalette() {
  const { t } = useTranslation("app");
  const entries = useEntries();
  useEffect(() => {
    palette.open();
  }, []);
  return (
    <Spotlight
      store={store}
      shortcut={null}
      actions={entries}
      limit={60}
      scrollable
      maxHeight="70vh"
      highlightQuery
      attributes={{ content: { "aria-label": t("palette.search") } }}
      centered={false}
      overlayProps={{ backgroundOpacity: 0.4, blur: 0 }}
      classNames={{ action: styles.action ?? "", actionDescription: styles.description ?? "" }}
      nothingFound={t("palette.nothing")}
      onSpotlightClose={() => showDialog(null)}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: t("palette.search"),
        "aria-label": t("palette.search"),
      }}
    />
  );
}
