using System.Buffers;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Logging;

/// <summary>The log of this process. Never throws: a log that cannot be written goes on to standard error, and
/// <see cref="WriteError"/> says so. May be called from several threads.</summary>
internal sealed class Log : IDisposable
{
    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> buffer = new(512);
    private readonly LogSettings settings;
    private readonly Redactor redactor;
    private readonly TimeProvider clock;
    private readonly LogFile? file;
    private readonly ScriptLimit scripts;
    private bool rotationErrorSaid;

    /// <summary>A log as configured. Opens nothing before the first line.</summary>
    internal Log(LogSettings settings, Redactor redactor, StandardError error, TimeProvider clock)
    {
        this.settings = settings;
        this.redactor = redactor;
        this.clock = clock;
        StandardError = error;
        if (settings is { Target: LogTarget.File, File: { } path }) file = new LogFile(path, settings.RetentionDays, settings.FileLimit, clock);
        scripts = new ScriptLimit(settings.ScriptLimit);
    }

    /// <summary>Where the log goes without a file, and its errors in any case.</summary>
    internal StandardError StandardError { get; }

    /// <summary>The run that the lines belong to, for JSON; null = none yet.</summary>
    internal string? RunId { get; set; }

    /// <summary>The first reason why a line is not in the log file; null while all are. Exit code 74.</summary>
    internal string? WriteError { get; private set; }

    /// <summary>Told of every line, with secrets already removed; null = nobody. Must not log.</summary>
    internal Action<LogRecord>? Tap { get; set; }

    /// <summary>True if lines of <paramref name="level"/> are logged: spares the making of messages nobody reads.</summary>
    internal bool IsEnabled(LogLevel level) => level >= settings.Level;

    /// <summary>Opens the log file, so that a run finds out before it begins. Null, or why it cannot be written.</summary>
    internal string? Probe()
    {
        lock (gate)
        {
            if (file?.Prepare(clock.GetUtcNow()) is { } why) Fail(why);
            return WriteError;
        }
    }

    /// <summary>A message of any level.</summary>
    internal void Say(LogLevel level, string message) => Write(level, message, null, null);

    /// <summary>For whoever wants to know why something was decided.</summary>
    internal void Debug(string message, string? phase = null, string? script = null) => Write(LogLevel.Debug, message, phase, script);

    /// <summary>What happens.</summary>
    internal void Info(string message, string? phase = null, string? script = null) => Write(LogLevel.Info, message, phase, script);

    /// <summary>What an admin should look at.</summary>
    internal void Warning(string message, string? phase = null, string? script = null) => Write(LogLevel.Warning, message, phase, script);

    /// <summary>What stops a run. Also on standard error when the log is a file.</summary>
    internal void Error(string message, string? phase = null, string? script = null) => Write(LogLevel.Error, message, phase, script);

    /// <summary>One line that a script printed, up to <see cref="LogSettings.ScriptLimit"/>.</summary>
    internal void Script(string phase, string script, string line)
    {
        if (!IsEnabled(LogLevel.Info)) return;
        lock (gate)
        {
            if (scripts.IsNewDay(clock.GetUtcNow()))
            {
                SayMissing();
                scripts.Clear();
            }

            switch (scripts.Take(phase, script, line))
            {
                case ScriptLimit.Fate.Logged:
                    Write(LogLevel.Info, line, phase, script, isOutput: true);
                    break;
                case ScriptLimit.Fate.FirstSuppressed:
                    Write(LogLevel.Warning, scripts.Reached(), phase, script);
                    break;
            }
        }
    }

    /// <summary>Says how much of the output of a script that has ended is not in the log.</summary>
    internal void EndOfScript(string phase, string script)
    {
        lock (gate)
        {
            if (scripts.Missing(phase, script) is { } missing) Write(LogLevel.Warning, missing, phase, script);
        }
    }

    /// <summary>Why this process ends: on standard error whatever the target and the level are.</summary>
    internal void Final(LogLevel level, string message, string? phase = null) => Write(level, message, phase, null, isFinal: true);

    /// <summary>Closes the file and takes the live line away.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            SayMissing();
            StandardError.Line?.Erase();
            StandardError.Close(clock.GetUtcNow(), file is null ? settings.Format : LogFormat.Text);
            file?.Dispose();
        }
    }

    private void Write(LogLevel level, string message, string? phase, string? script, bool isOutput = false, bool isFinal = false)
    {
        if (!IsEnabled(level) && !isFinal) return;
        lock (gate)
        {
            string text = LogText.Cut(redactor.Redact(LogText.Plain(message)));
            var record = new LogRecord(clock.GetUtcNow(), level, text, phase, script, RunId, isOutput);
            Tap?.Invoke(record);
            bool inFile = file is not null && IsEnabled(level) && Append(record);
            if (!inFile || isFinal || level == LogLevel.Error)
                StandardError.Write(record, file is null ? settings.Format : LogFormat.Text, buffer);
        }
    }

    private void SayMissing()
    {
        foreach ((string phase, string script) in scripts.Open()) EndOfScript(phase, script);
    }

    private bool Append(in LogRecord record)
    {
        buffer.ResetWrittenCount();
        if (settings.Format == LogFormat.Json) LogLine.Json(buffer, record);
        else if (settings.Format == LogFormat.Python) LogLine.Python(buffer, record);
        else LogLine.Stamped(buffer, record);

        string? why = file!.Append(buffer.WrittenSpan, record.Time);
        if (why is not null) Fail(why);
        else if (file.RotationError is { } stuck && !rotationErrorSaid)
        {
            rotationErrorSaid = true;
            StandardError.Write(new LogRecord(record.Time, LogLevel.Warning, stuck, null, null, RunId, false), LogFormat.Text, buffer);
        }

        return why is null;
    }

    private void Fail(string why)
    {
        if (WriteError is not null) return;
        WriteError = why;
        var record = new LogRecord(clock.GetUtcNow(), LogLevel.Error, why + "; the log goes on here", null, null, RunId, false);
        StandardError.Write(record, LogFormat.Text, buffer);
    }
}
