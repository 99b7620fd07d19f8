using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.State;

/// <summary>The open run, kept in one file. What cannot be understood is kept too, and never guessed at.</summary>
/// <param name="path">Absolute path of the file.</param>
internal sealed class RunStateFile(string path) : IRunStore
{
    /// <summary>A state is a few hundred bytes; anything near this is something else.</summary>
    internal const int Limit = 1 << 20;

    private const string Setting = "[main] state_dir (or [main] state)";

    /// <inheritdoc/>
    public ValueTask<StoredRun> Load(CancellationToken cancel)
    {
        DurableFile.Sweep(path);
        return new(Peek());
    }

    /// <summary>Reads, and leaves even what a killed writer left behind: for those who only look.</summary>
    internal StoredRun Peek() => OwnFile.Read(path, Limit) switch
    {
        FileReading.Missing => new StoredRun.None(),
        FileReading.Content content => Understand(content),
        FileReading.NotAFile not => Unreadable(not.What),
        FileReading.Failed failed => new StoredRun.Unavailable(FileErrors.Describe("read", path, failed.Errno, Setting)),
        _ => Unreadable("cannot be read"),
    };

    /// <inheritdoc/>
    public ValueTask<string?> Save(RunState state) => new(DurableFile.Replace(path, RunStateFormat.Write(state), Setting)?.Why);

    /// <inheritdoc/>
    public ValueTask<string?> Remove() => new(DurableFile.Remove(path, Setting)?.Why);

    private StoredRun Understand(FileReading.Content content)
    {
        ReadOnlySpan<byte> bytes = content.Bytes;
        if (bytes.Trim(" \t\r\n"u8).IsEmpty)
            return Unreadable("is empty");
        if (!bytes.ContainsAnyExcept((byte)0))
            return Unreadable("holds only NUL bytes, as a power cut can leave it");
        if (RunStateFormat.ReadOldWord(bytes) is { } phase)
            return new StoredRun.OldWord(phase, content.Facts.Modified.ToTime());
        return RunStateFormat.Read(content.Bytes, out string why) is { } state ? new StoredRun.Open(state) : Unreadable(why);
    }

    private StoredRun.Unreadable Unreadable(string what) => new(
        $"the state file {path} {what}: a run may be open and may hold the lock; look at the host, then run 'dlm-updater reset'");
}
