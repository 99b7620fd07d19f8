using System.Buffers;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>What reads standard error.</summary>
internal enum ErrorReader
{
    /// <summary>The systemd journal: level prefixes, no time.</summary>
    Journal,

    /// <summary>A pipe or file, such as cron's mail or a container's log: full lines with the time.</summary>
    Pipe,

    /// <summary>A person: short lines.</summary>
    Terminal,
}

/// <summary>Standard error as a place for log lines. Nothing that happens to it is an error of the run.</summary>
internal sealed class StandardError
{
    private const int Number = 2;

    private readonly LineOutput output;
    private readonly bool colour;

    /// <summary>Writes to <paramref name="fd"/> as to <paramref name="reader"/>.</summary>
    internal StandardError(int fd, ErrorReader reader, bool colour = false, bool redraw = false)
    {
        output = fd == Number ? StandardStreams.Error : new LineOutput(new OutputDescriptor(fd), new WaitBudget(WaitBudget.Usual, TimeProvider.System));
        this.colour = colour;
        Reader = reader;
        Line = reader == ErrorReader.Terminal && redraw ? new TerminalLine(fd, output) : null;
    }

    /// <summary>Who reads it.</summary>
    internal ErrorReader Reader { get; }

    /// <summary>The live line at the bottom of the terminal; null where nothing can be redrawn.</summary>
    internal TerminalLine? Line { get; }

    /// <summary>Finds out who reads. <paramref name="environment"/> gives the value of a variable, or null.</summary>
    internal static StandardError Detect(LogTarget target, Func<string, string?> environment, int fd = Number)
    {
        if (target == LogTarget.Journal) return new StandardError(fd, ErrorReader.Journal);
        if (target != LogTarget.Stderr && Journal.IsStream(environment("JOURNAL_STREAM"), fd)) return new StandardError(fd, ErrorReader.Journal);
        if (!Terminal.IsTerminal(fd)) return new StandardError(fd, ErrorReader.Pipe);
        bool redraw = Terminal.CanRedraw(environment("TERM"));
        return new StandardError(fd, ErrorReader.Terminal, redraw && Terminal.WantsColour(environment("NO_COLOR")), redraw);
    }

    /// <summary>Writes one line, if there is room for it.</summary>
    internal void Write(in LogRecord record, LogFormat format, ArrayBufferWriter<byte> buffer)
    {
        Shape(record, format, buffer);
        DateTimeOffset time = record.Time;
        string? run = record.RunId;
        byte[] Notice(int lines) => Missing(lines, time, run, format);
        if (Line is not null) Line.Print(buffer.WrittenSpan, Notice);
        else _ = output.Write(buffer.WrittenSpan, Notice);
    }

    /// <summary>Says how many lines were dropped at the end, if there is room for that by now.</summary>
    internal void Close(DateTimeOffset now, LogFormat format) => output.Close(lines => Missing(lines, now, null, format));

    private byte[] Missing(int lines, DateTimeOffset now, string? run, LogFormat format)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        Shape(new LogRecord(now, LogLevel.Warning, StandardStreams.Dropped(lines), null, null, run, false), format, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private void Shape(in LogRecord record, LogFormat format, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        if (Reader == ErrorReader.Journal && format == LogFormat.Json) buffer.Write(LogLine.Priority(record.Level));
        if (format == LogFormat.Json) LogLine.Json(buffer, record);
        else if (Reader == ErrorReader.Journal) LogLine.Journal(buffer, record);
        else if (format == LogFormat.Python) LogLine.Python(buffer, record);
        else if (Reader == ErrorReader.Terminal) LogLine.Short(buffer, record, colour);
        else LogLine.Stamped(buffer, record);
    }
}
