using DlmUpdater.Core.Settings;

namespace DlmUpdater.Logging;

/// <summary>One line of the log, before it has a shape.</summary>
/// <param name="Time">When it was said.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="Message">What was said, secrets already removed; may hold anything a script can print.</param>
/// <param name="Phase">The phase or stage it belongs to; null = none.</param>
/// <param name="Script">The script it belongs to; null = none.</param>
/// <param name="RunId">The run it belongs to; null = none.</param>
/// <param name="IsOutput">True if a script said it: shown apart from what this program says of the script.</param>
internal readonly record struct LogRecord(
    DateTimeOffset Time, LogLevel Level, string Message, string? Phase, string? Script, string? RunId, bool IsOutput);
