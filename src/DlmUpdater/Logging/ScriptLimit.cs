using System.Globalization;
using System.Text;

namespace DlmUpdater.Logging;

/// <summary>How much of a script's output is logged: a script that asks a question in a loop would fill the disk within the hour. Counts for each
/// script and UTC day of this start.</summary>
/// <param name="limit">In bytes; null = no limit.</param>
internal sealed class ScriptLimit(long? limit)
{
    private const int TimeAndLevel = 32;

    private readonly Dictionary<(string Phase, string Script), Count> counts = [];
    private DateOnly day;

    /// <summary>What becomes of one line.</summary>
    internal enum Fate
    {
        /// <summary>Logged.</summary>
        Logged,

        /// <summary>The first that is not.</summary>
        FirstSuppressed,

        /// <summary>Another that is not.</summary>
        Suppressed,
    }

    /// <summary>Counts a line, with what stands before it in the log: else empty lines would cost nothing.</summary>
    internal Fate Take(string phase, string script, string line)
    {
        if (limit is not { } most) return Fate.Logged;
        long bytes = Encoding.UTF8.GetByteCount(line) + phase.Length + script.Length + TimeAndLevel;
        Count now = counts.GetValueOrDefault((phase, script));
        if (now.Lines == 0 && now.Logged + bytes <= most)
        {
            counts[(phase, script)] = now with { Logged = now.Logged + bytes };
            return Fate.Logged;
        }

        counts[(phase, script)] = now with { Lines = now.Lines + 1, Bytes = now.Bytes + bytes };
        return now.Lines == 0 ? Fate.FirstSuppressed : Fate.Suppressed;
    }

    /// <summary>True on the first line of another day than the last one.</summary>
    internal bool IsNewDay(DateTimeOffset now)
    {
        DateOnly today = DateOnly.FromDateTime(now.UtcDateTime);
        if (today == day) return false;
        bool isNew = day != default;
        day = today;
        return isNew;
    }

    /// <summary>What is said when the limit is reached.</summary>
    internal string Reached() => $"has printed {Size(limit ?? 0)} today; the rest is not logged ([log] script_limit)";

    /// <summary>What is missing of <paramref name="script"/>, and forgets it; null if nothing is. What is logged of it still counts for the day.</summary>
    internal string? Missing(string phase, string script)
    {
        if (!counts.TryGetValue((phase, script), out Count count) || count.Lines == 0) return null;
        counts[(phase, script)] = new Count(limit ?? 0, 0, 0);
        return string.Create(CultureInfo.InvariantCulture, $"{count.Lines} {(count.Lines == 1 ? "line" : "lines")} of its output ({Size(count.Bytes)}) not logged ([log] script_limit)");
    }

    /// <summary>The scripts of which something is missing.</summary>
    internal (string Phase, string Script)[] Open() => [.. counts.Where(c => c.Value.Lines > 0).Select(c => c.Key)];

    /// <summary>Begins anew.</summary>
    internal void Clear() => counts.Clear();

    private static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB"),
    };

    private readonly record struct Count(long Logged, long Lines, long Bytes);
}
