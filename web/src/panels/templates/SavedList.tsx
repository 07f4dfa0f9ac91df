import { IconFile } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { hashOf } from "@/app/route";
import { Ago } from "@/panels/workflows/Ago";
import type { FileInfo } from "@/store/files/userdata";
import styles from "./SavedList.module.css";

interface Props {
  readonly workflows: readonly FileInfo[];
  readonly isSearch: boolean;
}

/** The workflows a person saved, the newest first. */
export function SavedList({ workflows, isSearch }: Props) {
  const { t } = useTranslation("app");
  if (isSearch && workflows.length === 0) return null;
  return (
    <section className={styles.saved}>
      <h3>{t("templates.saved")}</h3>
      {workflows.length === 0 && <p>{t("templates.savedNone")}</p>}
      <ul>
        {workflows.map(({ name, modified }) => (
          <li key={name}>
            <a href={hashOf({ kind: "workflow", name })}>
              <IconFile size={16} stroke={1.5} aria-hidden />
              <span>{name}</span>
              <Ago at={modified} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
