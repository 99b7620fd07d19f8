using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Locks.Conformance;

namespace DlmUpdater.Tests.Locks.LocalFile;

public sealed class FileConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new Bed());

    /// <summary>A directory of locks with two slots. It has no replies to lose; it is away while a file stands in its place.</summary>
    private sealed class Bed : LockBed
    {
        private readonly TestDirectory scratch = new();

        public Bed() => Directory.CreateDirectory(Locks);

        public override IReadOnlyList<string> Hosts => ["a.example", "b.example", "c.example"];

        public override int Slots => 2;

        public override bool IsRemote => false;

        private string Locks => scratch.At("locks");

        public override ILockService For(string host) =>
            new FileLockService(Locks, new LockIdentity("file", "web", host), host, Slots, Clock);

        public override async Task<IReadOnlyList<string>> Holders() =>
            await For("nobody").Show(default) is ShowReply.Shown shown ? [.. shown.View.Holders.Select(h => h.Id)] : [];

        public override async Task TakeAway(string host) => Assert.IsType<ReleaseReply.Released>(await For(host).Release(default));

        public override void LoseNextReply()
        {
        }

        public override Task Stop()
        {
            Directory.Move(Locks, scratch.At("away"));
            File.WriteAllText(Locks, "");
            return Task.CompletedTask;
        }

        public override Task Start()
        {
            File.Delete(Locks);
            Directory.Move(scratch.At("away"), Locks);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            scratch.Dispose();
            return default;
        }
    }
}
