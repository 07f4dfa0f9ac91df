import { ActionIcon, Alert, Loader, Text, Tooltip } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { loadDefs } from "@/store/defs";
import { SearchField } from "../SearchField";
import { KindList } from "./KindList";
import styles from "./Models.module.css";
import { loadModels, useModels } from "./modelFiles";

/** The model files of the server by kind: searched, used in the graph by a click or by dragging them there. */
export function ModelsPanel() {
  const { t } = useTranslation("run");
  const { kinds, isLoading, error } = useModels();
  const [search, setSearch] = useState("");
  useEffect(() => void loadModels(), []);
  const wanted = search.trim().toLowerCase();
  const found = kinds
    .map((kind) => ({
      ...kind,
      files: kind.files.filter(({ name }) => `${kind.name}/${name}`.toLowerCase().includes(wanted)),
    }))
    .filter(({ files }) => files.length > 0);
  const refresh = () => void Promise.all([loadModels(), loadDefs()]);
  return (
    <div className={styles.panel}>
      <div className={styles.tools}>
        <SearchField label={t("models.search")} value={search} onChange={setSearch} />
        <Tooltip label={t("models.refresh")}>
          <ActionIcon variant="default" size={30} aria-label={t("models.refresh")} onClick={refresh}>
            <IconRefresh size={15} />
          </ActionIcon>
        </Tooltip>
      </div>
      {error !== null && (
        <Alert color="red" p="xs" title={t("models.unknown")}>
          {error.message}
        </Alert>
      )}
      {isLoading && kinds.length === 0 && <Loader size="sm" aria-label={t("models.loading")} />}
      {!isLoading && error === null && found.length === 0 && (
        <Text className={styles.empty}>{wanted === "" ? t("models.nothing") : t("models.notFound")}</Text>
      )}
      {found.map((kind) => (
        <KindList key={kind.name} kind={kind} />
      ))}
      {kinds.length > 0 && <Text className={styles.hint}>{t("models.hint")}</Text>}
    </div>
  );
}
