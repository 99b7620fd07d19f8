using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Which script runs just now. For the next start, if this one is killed.</summary>
/// <param name="RunId">The run's id.</param>
/// <param name="Phase">The stored name of the phase.</param>
/// <param name="Script">The script's name in its stage.</param>
/// <param name="Boot">The boot it runs on.</param>
/// <param name="SinceTicks">When the note was first written, as <see cref="ProcessStat.StartTicks"/> counts: the script is not older.</param>
/// <param name="Limit">How long the script may run; null = no end.</param>
/// <param name="Pid">Its process and process group; 0 before the start.</param>
/// <param name="StartTicks">When the process started; tells it from a later one with the same pid.</param>
internal sealed record RunNote(
    string RunId, string Phase, string Script, BootIdentity Boot, long SinceTicks, TimeSpan? Limit, int Pid, long StartTicks);

/// <summary>What the note file says.</summary>
internal abstract record StoredNote
{
    /// <summary>No script runs.</summary>
    public sealed record None : StoredNote;

    /// <summary>This script was started, or was about to be.</summary>
    public sealed record Found(RunNote Note) : StoredNote;

    /// <summary>A script may run; which cannot be read.</summary>
    public sealed record Unreadable : StoredNote;
}

/// <summary>The file <c>running</c> in the run directory. Replaced as a whole, never half-written; not synced, because it need not outlive the boot.</summary>
internal sealed class RunNoteFile(string runDirectory)
{
    private const int Limit = 1 << 16;

    private readonly string _path = runDirectory.TrimEnd('/') + "/running";

    /// <summary>Writes. Null, or why that failed.</summary>
    public string? Write(RunNote note)
    {
        // Twice for each script of each run: the base library's file calls would make eleven system calls of these four.
        string temporary = _path + ".new";
        int fd = OwnFile.CreateAnew(temporary, Native.O_WRONLY);
        if (fd < 0 && Marshal.GetLastPInvokeError() == Native.ENOENT && DurableFile.MakeDirectories(runDirectory.TrimEnd('/')) == 0)
            fd = OwnFile.CreateAnew(temporary, Native.O_WRONLY);
        if (fd < 0)
            return Failed(Marshal.GetLastPInvokeError());

        int error = Descriptor.Write(fd, Bytes(note), out _);
        _ = Native.Files.close(fd);
        if (error == 0 && Native.RenamePath(temporary, _path) != 0)
            error = Marshal.GetLastPInvokeError();
        if (error == 0)
            return null;
        Remove(temporary);
        return Failed(error);
    }

    /// <summary>Says that no script runs.</summary>
    public void Clear() => Remove(_path);

    /// <summary>Reads. What it holds is never an error here.</summary>
    public StoredNote Read()
    {
        switch (OwnFile.Read(_path, Limit))
        {
            case FileReading.Missing:
                return new StoredNote.None();
            case FileReading.Content content:
                try
                {
                    return Parse(content.Bytes) is { } note ? new StoredNote.Found(note) : new StoredNote.Unreadable();
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
                {
                    return new StoredNote.Unreadable();
                }

            default:
                return new StoredNote.Unreadable();
        }
    }

    private string Failed(int error) => $"{_path} cannot be written: {FileErrors.Text(error)}";

    // A note that stays costs the next start a look at a process that is gone.
    private static void Remove(string path) => _ = Native.UnlinkPath(path);

    private static ReadOnlySpan<byte> Bytes(RunNote note)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("run_id"u8, note.RunId);
            json.WriteString("phase"u8, note.Phase);
            json.WriteString("script"u8, note.Script);
            json.WriteString("boot_id"u8, note.Boot.BootId);
            json.WriteNumber("init_started"u8, note.Boot.InitStarted);
            json.WriteNumber("since_ticks"u8, note.SinceTicks);
            if (note.Limit is { } limit)
                json.WriteNumber("limit_ms"u8, (long)limit.TotalMilliseconds);
            if (note.Pid != 0)
            {
                json.WriteNumber("pid"u8, note.Pid);
                json.WriteNumber("start_ticks"u8, note.StartTicks);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    private static RunNote? Parse(byte[] bytes)
    {
        string? runId = null, phase = null, script = null, boot = null;
        long init = 0, since = 0, limit = 0, pid = 0, start = 0;
        var json = new Utf8JsonReader(bytes);
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            string key = json.GetString()!;
            json.Read();
            switch (key)
            {
                case "run_id": runId = json.GetString(); break;
                case "phase": phase = json.GetString(); break;
                case "script": script = json.GetString(); break;
                case "boot_id": boot = json.GetString(); break;
                case "init_started": init = json.GetInt64(); break;
                case "since_ticks": since = json.GetInt64(); break;
                case "limit_ms": limit = json.GetInt64(); break;
                case "pid": pid = json.GetInt32(); break;
                case "start_ticks": start = json.GetInt64(); break;
                default: json.Skip(); break;
            }
        }

        if (runId is null || phase is null || script is null || boot is null || pid < 0)
            return null;
        return new(runId, phase, script, new(boot, init), since, limit > 0 ? TimeSpan.FromMilliseconds(limit) : null, (int)pid, start);
    }
}
