/** The part of a structured logger (pino's) that core needs. Recipients and messages are never logged. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Asked before a line is put together that would be one for each message. */
  isLevelEnabled?(level: string): boolean;
}
