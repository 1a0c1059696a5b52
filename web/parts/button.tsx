import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { tellError } from './toast.tsx';

interface ButtonProps {
  readonly children: ComponentChildren;
  /** `first`: what is most likely wanted here; one of them on a screen. */
  readonly kind?: 'first' | 'danger' | 'plain' | undefined;
  readonly small?: boolean;
  readonly type?: 'button' | 'submit';
  readonly disabled?: boolean | undefined;
  readonly label?: string;
  readonly expanded?: boolean;
  /** While what it returns is under way the button waits; what it throws is told. */
  readonly onClick?: () => unknown;
}

export function Button({
  children,
  kind,
  small,
  type = 'button',
  disabled,
  label,
  expanded,
  onClick,
}: ButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const click = async () => {
    if (!onClick || isBusy) return;
    setBusy(true);
    try {
      await onClick();
    } catch (error) {
      tellError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type={type}
      class={buttonClass(kind, small)}
      disabled={disabled}
      aria-busy={isBusy}
      aria-label={label}
      aria-expanded={expanded}
      onClick={onClick && click}
    >
      {children}
    </button>
  );
}

export function buttonClass(kind?: ButtonProps['kind'], small = false): string {
  return `button${kind ? ` is-${kind}` : ''}${small ? ' is-small' : ''}`;
}
