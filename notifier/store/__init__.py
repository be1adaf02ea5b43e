"""The rows, and every transaction over them: functions of a Session that never commit or await."""
