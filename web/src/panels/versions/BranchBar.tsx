import { Button, Menu } from "@mantine/core";
import {
  IconCheck,
  IconChevronDown,
  IconGitBranch,
  IconGitMerge,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { runCommand } from "@/store/perform";
import { catchUp, mergeBranch, removeRef, switchBranch } from "@/store/versions/actions";
import { MAIN } from "@/store/versions/opening";
import { useTimeline } from "@/store/versions/timeline";
import type { Saved } from "@/store/versions/types";
import styles from "./Versions.module.css";

/** The branch that saving adds to, and the others: to go on there, or to bring their changes here. */
export function BranchBar({ saved }: { readonly saved: Saved }) {
  const { t } = useTranslation("versions");
  const record = useTimeline((timeline) => timeline.record);
  const { workflow, branch } = saved;
  const branches = record?.branches ?? [];
  const others = branches.filter(({ name }) => name !== branch);
  const removable = others.filter(({ name }) => name !== MAIN);
  const isBehind = branches.some(({ name, version }) => name === branch && version.id !== saved.version);
  return (
    <div className={styles.bar}>
      <Menu position="bottom-start" withinPortal shadow="md" width={260}>
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconGitBranch size={14} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
            aria-label={t("branch.current", { name: branch })}
            data-testid="branch-menu"
          >
            {branch}
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={styles.menu ?? ""}>
          <Menu.Label>{t("branch.switch")}</Menu.Label>
          {branches.map(({ name }) => (
            <Menu.Item
              key={name}
              leftSection={
                name === branch ? (
                  <IconCheck size={14} aria-hidden />
                ) : (
                  <IconGitBranch size={14} aria-hidden />
                )
              }
              onClick={() => void switchBranch(workflow, name)}
            >
              {name}
            </Menu.Item>
          ))}
          <Menu.Item
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => runCommand("versions.branch")}
          >
            {t("newBranch")}
          </Menu.Item>
          {others.length > 0 && (
            <>
              <Menu.Label>{t("branch.merge", { name: branch })}</Menu.Label>
              {others.map(({ name }) => (
                <Menu.Item
                  key={name}
                  leftSection={<IconGitMerge size={14} aria-hidden />}
                  onClick={() => void mergeBranch(workflow, name)}
                  data-testid={`merge-${name}`}
                >
                  {name}
                </Menu.Item>
              ))}
            </>
          )}
          {removable.length > 0 && <Menu.Label>{t("branch.delete")}</Menu.Label>}
          {removable.map(({ name }) => (
            <Menu.Item
              key={name}
              color="red"
              leftSection={<IconTrash size={14} aria-hidden />}
              onClick={() => void removeRef(workflow, "branch", name)}
            >
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {isBehind && (
        <span className={styles.hint}>
          {t("branch.behind", { name: branch })}{" "}
          <Button size="compact-xs" variant="default" onClick={() => void catchUp(saved)}>
            {t("branch.catchUp")}
          </Button>
        </span>
      )}
    </div>
  );
}
